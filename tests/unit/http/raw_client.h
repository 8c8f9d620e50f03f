// Bytes over a unix socket, for what a well-behaved client would never send.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace fairlead::http {

class RawClient {
 public:
  explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      ADD_FAILURE() << "connect to " << path;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // What has come when `enough` is in it, the server has closed, or `patience` is over.
  std::string receive(std::string_view enough,
                      std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    std::string got;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (got.find(enough) == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[4096];
      const auto count = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
      if (count <= 0) break;
      got.append(buffer, static_cast<std::size_t>(count));
    }
    return got;
  }

  bool closed_by_server() {
    pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    char byte = 0;
    return ::poll(&ready, 1, 10'000) > 0 && ::recv(fd_.get(), &byte, 1, 0) <= 0;
  }

 private:
  UniqueFd fd_;
};

}  // namespace fairlead::http
