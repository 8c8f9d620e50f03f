#include "relay/socket_name.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace fairlead::relay {

namespace {

constexpr std::uint16_t kAnyPort = 9;  // no packet is sent to it

std::string describe(const Place& place) {
  const std::string host = place.address.to_string();
  return (place.address.family() == Family::v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(place.port);
}

// Of no use to the container, or not allowed to leave the host.
bool can_be_source(const Address& address, Family family) {
  return address.family() == family && !address.is_loopback() && !address.is_any() &&
         !address.is_link_local() && !address.is_multicast();
}

}  // namespace

RawName raw(const SocketName& name) {
  RawName out;
  if (name.address.family() == Family::v4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(name.port);
    std::memcpy(&in.sin_addr, name.address.bytes().data() + 12, sizeof in.sin_addr);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(name.port);
    in.sin6_scope_id = name.scope;
    std::memcpy(&in.sin6_addr, name.address.bytes().data(), sizeof in.sin6_addr);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  }
  return out;
}

SocketName parse(const RawName& name) {
  SocketName out;
  if (name.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &name.storage, sizeof in);
    auto bytes = Address::any(Family::v4).bytes();
    std::memcpy(bytes.data() + 12, &in.sin_addr, sizeof in.sin_addr);
    out.address = Address(bytes);
    out.port = ntohs(in.sin_port);
  } else if (name.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &name.storage, sizeof in);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    out.address = Address(bytes);
    out.port = ntohs(in.sin6_port);
    if (out.address.is_link_local()) out.scope = in.sin6_scope_id;
  }
  return out;
}

bool is_own(const SocketName& peer) {
  if (peer.address.is_loopback()) return true;
  const int family = peer.address.family() == Family::v4 ? AF_INET : AF_INET6;
  const UniqueFd probe(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const RawName there = raw({.address = peer.address, .port = kAnyPort, .scope = peer.scope});
  if (!probe || ::connect(probe.get(), there.get(), there.length) != 0) return false;
  RawName here;
  if (::getsockname(probe.get(), here.get(), &here.length) != 0) return false;
  return parse(here).address == peer.address;
}

Result<UniqueFd> connect_to(const Place& to, int type, const Address& asked) {
  const std::string what = "connect to container " + describe(to);
  const int family = to.address.family() == Family::v4 ? AF_INET : AF_INET6;
  UniqueFd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(what);
  if (can_be_source(asked, to.address.family())) {
    const int on = 1;
    const RawName from = raw({.address = asked});
    // Without it the port is chosen before the destination is known, and there are fewer.
    (void)::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(fd.get(), from.get(), from.length) != 0) return fail_errno(what);
  }
  const RawName there = raw({.address = to.address, .port = to.port});
  if (::connect(fd.get(), there.get(), there.length) != 0 && errno != EINPROGRESS)
    return fail_errno(what);
  return fd;
}

}  // namespace fairlead::relay
