#include "engine/host_ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace fairlead::engine {

namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

SocketAddress socket_address(const Address& address, std::uint16_t port) {
  SocketAddress out;
  if (address.family() == Family::v4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data() + 12, 4);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, address.bytes().data(), 16);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  }
  return out;
}

std::string describe(Protocol protocol, const Address& address, std::uint16_t port) {
  const std::string host =
      address.family() == Family::v6 ? "[" + address.to_string() + "]" : address.to_string();
  return host + ":" + std::to_string(port) + "/" + to_string(protocol);
}

enum class Reach { one_family, both_families };

// Only TCP leaves connections in TIME_WAIT behind.
bool remembers_connections(Protocol protocol) { return protocol == Protocol::tcp; }

bool set_reuse(int fd, int on) {
  return ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
}

// What SO_REUSEADDR let in can be shared by whoever else sets it, until somebody listens: the
// kernel then remembers that the port cannot be shared, also after the end of listening, and would
// admit only who shares with this very socket (Linux, inet_csk_get_port(), inet_bind_conflict()).
bool make_exclusive(int fd) {
  return ::listen(fd, 1) == 0 && ::shutdown(fd, SHUT_RDWR) == 0 && set_reuse(fd, 0);
}

// Errors: conflict, invalid_argument (address not here), what socket() said otherwise. A kernel
// without the protocol has nobody to hold the port against: success, no socket.
Result<UniqueFd> bind_socket(Protocol protocol, const Address& address, std::uint16_t port,
                             Reach reach) {
  const int family = address.family() == Family::v4 ? AF_INET : AF_INET6;
  const int type = protocol == Protocol::udp ? SOCK_DGRAM : SOCK_STREAM;
  UniqueFd fd(::socket(family, type | SOCK_CLOEXEC, static_cast<int>(protocol)));
  if (!fd) {
    if (protocol == Protocol::sctp && (errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT))
      return UniqueFd();
    if (errno == EAFNOSUPPORT) return UniqueFd();  // no IPv6 on this host
    return fail_errno("hold port " + describe(protocol, address, port));
  }
  const int only = reach == Reach::one_family ? 1 : 0;
  if (family == AF_INET6 &&
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0)
    return fail_errno("hold port " + describe(protocol, address, port));

  const SocketAddress where = socket_address(address, port);
  const bool reuse = remembers_connections(protocol);
  if ((!reuse || set_reuse(fd.get(), 1)) &&
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where.storage), where.length) == 0 &&
      (!reuse || make_exclusive(fd.get())))
    return fd;
  if (errno == EADDRNOTAVAIL)
    return fail(Errc::invalid_argument, "cannot publish on " + describe(protocol, address, port) +
                                            ": no device of this host has that address");
  if (errno == EADDRINUSE)
    return fail(Errc::conflict, "port " + describe(protocol, address, port) +
                                    " is already in use on this host (see 'fairlead ports' and "
                                    "'ss -lnp')");
  return fail_errno("hold port " + describe(protocol, address, port));
}

}  // namespace

HostPorts::Claim claim_of(const Endpoint& endpoint) {
  const bool runtime = endpoint.attachment && endpoint.attachment->holds_ports;
  return runtime ? HostPorts::Claim::name : HostPorts::Claim::socket;
}

Result<std::uint16_t> HostPorts::hold(Protocol protocol, const std::vector<Address>& addresses,
                                      std::uint16_t first, std::uint16_t last, Claim claim) {
  const bool ephemeral = first == 0;
  if (ephemeral) {
    first = kFirstEphemeral;
    last = kLastEphemeral;
  }
  const unsigned count = static_cast<unsigned>(last) - first + 1;
  const unsigned start = ephemeral ? next_ephemeral_ - kFirstEphemeral : 0;

  Error problem(Errc::invalid_argument, "no port to hold");
  for (unsigned i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(first + (start + i) % count);
    if (auto done = hold_number(protocol, addresses, port, claim); !done) {
      problem = std::move(done).error();
    } else {
      if (ephemeral)
        next_ephemeral_ =
            port == kLastEphemeral ? kFirstEphemeral : static_cast<std::uint16_t>(port + 1);
      return port;
    }
    if (problem.code() != Errc::conflict) break;  // another number would not help
  }
  return std::unexpected(std::move(problem));
}

Status HostPorts::hold_number(Protocol protocol, const std::vector<Address>& addresses,
                              std::uint16_t port, Claim claim) {
  for (const Address& address : addresses)
    if (held_.contains(Key{protocol, address, port}))
      return fail(Errc::conflict, "port " + describe(protocol, address, port) +
                                      " is already published (see 'fairlead ports')");

  if (claim == Claim::name) {
    for (const Address& address : addresses) held_.emplace(Key{protocol, address, port}, Held{});
    return {};
  }

  // Every IPv4 and every IPv6 address: one socket is both, and a thousand ports are a thousand
  // sockets, not two. Unless the host has no IPv6.
  const bool everywhere =
      addresses == std::vector{Address::any(Family::v4), Address::any(Family::v6)};
  if (everywhere) {
    auto both = bind_socket(protocol, addresses[1], port, Reach::both_families);
    if (!both) return std::unexpected(std::move(both).error());
    if (*both) {
      held_.emplace(Key{protocol, addresses[0], port}, Held{});
      held_.emplace(Key{protocol, addresses[1], port}, Held{.socket = std::move(*both)});
      return {};
    }
  }

  std::vector<std::pair<Key, UniqueFd>> taken;
  for (const Address& address : addresses) {
    auto fd = bind_socket(protocol, address, port, Reach::one_family);
    if (!fd) return std::unexpected(std::move(fd).error());
    taken.emplace_back(Key{protocol, address, port}, std::move(*fd));
  }
  for (auto& [key, fd] : taken) held_.emplace(key, Held{.socket = std::move(fd)});
  return {};
}

Status HostPorts::serve(relay::Relay& relay, Protocol protocol, const Address& address,
                        std::uint16_t port, const Targets& targets) {
  const auto found = held_.find(Key{protocol, address, port});
  if (found == held_.end() || !found->second.socket || found->second.door) return {};
  UniqueFd copy(::fcntl(found->second.socket.get(), F_DUPFD_CLOEXEC, 0));
  const std::string what = "serve clients on this host at " + describe(protocol, address, port);
  if (!copy) return fail_errno(what);
  auto door = relay.open(
      {.protocol = protocol, .socket = std::move(copy), .v4 = targets.v4, .v6 = targets.v6});
  if (!door) return fail(std::move(door).error(), what);
  found->second.door = Door{.relay = &relay, .number = *door};
  return {};
}

void HostPorts::release(Protocol protocol, const Address& address, std::uint16_t port) {
  const auto found = held_.find(Key{protocol, address, port});
  if (found == held_.end()) return;
  if (const auto& door = found->second.door) door->relay->close(door->number);
  held_.erase(found);
}

bool HostPorts::holds(Protocol protocol, const Address& address, std::uint16_t port) const {
  return held_.contains(Key{protocol, address, port});
}

}  // namespace fairlead::engine
