// One accepted connection. Internal to this folder; the server's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/unique_fd.h"
#include "http/server.h"

namespace boost::asio {
class io_context;
}

namespace fairlead::http {

// What the connections of a server share.
struct Sessions {
  // How to close each: `now` also if a request is under way.
  std::map<std::uint64_t, std::function<void(bool now)>> open;
  std::uint64_t next = 0;
  bool stopping = false;
  std::function<void()> on_end;  // after each; the server may accept again
};

// Serves requests on `fd` until the client closes. `io` is held by every Respond that is still out,
// never by the connection itself, so that it can end.
void serve(const std::shared_ptr<boost::asio::io_context>& io, UniqueFd fd,
           std::shared_ptr<const Listener> listener, const Limits& limits,
           std::shared_ptr<Sessions> sessions);

}  // namespace fairlead::http
