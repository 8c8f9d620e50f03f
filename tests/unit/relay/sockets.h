// Real sockets on loopback: a host port, a client of it, and a container that is a thread less.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>

#include "base/unique_fd.h"
#include "relay/socket_name.h"

namespace fairlead::relay {

inline Address addr(const std::string& text) { return Address::parse(text).value(); }

// Blocks for a few seconds at the most.
class Socket {
 public:
  Socket(int type, int family) : fd_(::socket(family, type | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  explicit Socket(UniqueFd from) : fd_(std::move(from)) {}

  // Port 0: any free one. A socket on :: is of both families.
  static Socket bound(int type, const std::string& address, std::uint16_t port = 0) {
    Socket out(type, family(address));
    const int off = 0;
    ::setsockopt(out.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    EXPECT_TRUE(out.bind_to(address, port)) << std::strerror(errno);
    return out;
  }
  static Socket listening(const std::string& address) {
    Socket out = bound(SOCK_STREAM, address);
    EXPECT_EQ(::listen(out.fd(), 512), 0);
    return out;
  }
  static Socket connected(int type, const std::string& address, std::uint16_t port) {
    Socket out(type, family(address));
    EXPECT_TRUE(out.connect_to(address, port)) << std::strerror(errno);
    return out;
  }

  bool bind_to(const std::string& address, std::uint16_t port) {
    const RawName at = raw({.address = addr(address), .port = port});
    return ::bind(fd(), at.get(), at.length) == 0;
  }
  bool connect_to(const std::string& address, std::uint16_t port) {
    const RawName to = raw({.address = addr(address), .port = port});
    return ::connect(fd(), to.get(), to.length) == 0;
  }
  Socket accept() { return Socket(UniqueFd(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC))); }

  bool send(const std::string& text) {
    return ::send(fd(), text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  // What comes, "end" at the end of the stream, or the error's name.
  std::string receive() {
    std::string out(65536, '\0');
    const ssize_t size = ::recv(fd(), out.data(), out.size(), 0);
    if (size < 0) return ::strerrorname_np(errno);
    out.resize(static_cast<std::size_t>(size));
    return out.empty() ? "end" : out;
  }
  // Until the end of the stream.
  std::string receive_all() {
    std::string all;
    std::string part(65536, '\0');
    for (;;) {
      const ssize_t size = ::recv(fd(), part.data(), part.size(), 0);
      if (size <= 0) return size == 0 ? all : ::strerrorname_np(errno);
      all.append(part, 0, static_cast<std::size_t>(size));
    }
  }
  // A datagram and who sent it.
  std::pair<std::string, SocketName> receive_from() {
    std::string out(65536, '\0');
    RawName from;
    const ssize_t size = ::recvfrom(fd(), out.data(), out.size(), 0, from.get(), &from.length);
    if (size < 0) return {::strerrorname_np(errno), {}};
    out.resize(static_cast<std::size_t>(size));
    return {out, parse(from)};
  }
  void send_to(const std::string& text, const SocketName& name) {
    const RawName to = raw(name);
    EXPECT_EQ(::sendto(fd(), text.data(), text.size(), 0, to.get(), to.length),
              static_cast<ssize_t>(text.size()));
  }

  std::uint16_t port() const {
    RawName here;
    EXPECT_EQ(::getsockname(fd(), here.get(), &here.length), 0);
    return parse(here).port;
  }
  UniqueFd copy() const { return UniqueFd(::dup(fd())); }
  int fd() const { return fd_.get(); }
  void close() { fd_ = UniqueFd(); }

 private:
  static int family(const std::string& address) {
    return addr(address).family() == Family::v4 ? AF_INET : AF_INET6;
  }

  UniqueFd fd_;
};

}  // namespace fairlead::relay
