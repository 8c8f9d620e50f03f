// An HTTP/1.1 server on unix sockets.
//
// One thread of its own, which never blocks: a request is read whole, handed to the listener's
// handler, and answered whenever the handler's Respond is called. Knows nothing of what it carries.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "http/message.h"

namespace fairlead::http {

struct Limits {
  std::size_t body = 8 << 20;       // bytes; thousands of ports fit
  std::uint32_t header = 16 << 10;  // bytes
  std::size_t connections = 512;    // further ones wait in the backlog
  std::chrono::milliseconds read{
      10'000};  // from the first byte of a request to its last, and to write the answer
  std::chrono::milliseconds answer{10'000};  // for the handler; then the client gets an error
};

struct Listener {
  UniqueFd fd{};              // from listen_unix() or adopt_listener()
  std::string unlink_path{};  // removed at stop; empty: leave the file, its owner is somebody else
  bool root_only = false;     // others than root and the daemon's own user get 403; files are taken
  Handler handler{};
  // The body of errors that the server itself reports (too large, too slow, not HTTP).
  std::function<std::string(std::string_view message)> error_body{};
};

class Server {
 public:
  // Error: out of file descriptors.
  static Result<Server> create(Limits limits = {});
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();  // stop() without grace

  // Before start().
  void add(Listener listener);

  void start();

  // No new connections; idle ones close at once, the others when they have their answer, or after
  // `grace`. Blocks until the thread has ended. Idempotent.
  void stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::http
