// Socket addresses as values. Internal to this folder.
#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"
#include "relay/relay.h"

namespace fairlead::relay {

// As the kernel writes it.
struct RawName {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

struct SocketName {
  Address address;
  std::uint16_t port = 0;   // host byte order
  std::uint32_t scope = 0;  // interface of a link-local address, else 0

  auto operator<=>(const SocketName&) const = default;
};

RawName raw(const SocketName& name);
SocketName parse(const RawName& name);  // ::ffff:a.b.c.d is IPv4

// Is it an address of this host? Asks the kernel's routes: what goes to an own address leaves from
// that very address. (bind() would say yes to any address under net.ipv4.ip_nonlocal_bind.)
bool is_own(const SocketName& peer);

// A non-blocking socket whose connect() to the container is under way. It comes from the address
// that the client asked, which is what a redirected socket would show (bpf/cgroup_sockets.bpf.c);
// from the network's gateway if that was loopback or of the other family.
Result<UniqueFd> connect_to(const Place& to, int type, const Address& asked);

}  // namespace fairlead::relay
