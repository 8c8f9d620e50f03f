// One HTTP exchange, as both ends see it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace fairlead::http {

// Who is at the other end of a unix socket (SO_PEERCRED, unix(7)).
struct Peer {
  uid_t uid = static_cast<uid_t>(-1);
  pid_t pid = 0;
};

// An open file that is handed over with a request (SCM_RIGHTS, unix(7)).
using File = std::shared_ptr<const UniqueFd>;

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query, as sent
  std::string body{};
  Peer peer{};
  std::vector<File> files{};  // kMostFiles at most; further ones are closed unseen
  File connection{};          // it came by, of a server's; see has_hung_up()
};

// Has the client closed the connection, or ended? From any thread.
bool has_hung_up(const Request& request);

inline constexpr std::size_t kMostFiles = 4;

struct Response {
  unsigned status = 200;
  std::string body{};
  std::string content_type = "application/json";
};

// Call it once, from any thread; what comes too late is dropped.
using Respond = std::function<void(Response)>;

// Runs on the server's thread: it must not block, only hand the request on.
using Handler = std::function<void(Request, Respond)>;

}  // namespace fairlead::http
