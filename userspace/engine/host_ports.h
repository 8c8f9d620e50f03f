// Host ports that are really held, by bound sockets.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/network.h"

namespace fairlead::engine {

// Another process that wants the port gets "address in use", and so do we if it came first.
// The sockets never listen and carry no packet: the data path takes packets before they get here.
// Engine thread only.
class HostPorts {
 public:
  // Ports for `-p 80` and `-P`: where the kernel's own ephemeral range begins and ends.
  static constexpr std::uint16_t kFirstEphemeral = 32768;
  static constexpr std::uint16_t kLastEphemeral = 60999;

  // Holds {protocol, address, port} for each address, the same port for all, from first..last.
  // Errors: conflict (every port of the range is taken; names the last holder tried),
  // invalid_argument (the address is not this host's).
  Result<std::uint16_t> hold(Protocol protocol, const std::vector<Address>& addresses,
                             std::uint16_t first, std::uint16_t last);

  // Idempotent.
  void release(Protocol protocol, const Address& address, std::uint16_t port);

  bool holds(Protocol protocol, const Address& address, std::uint16_t port) const;

 private:
  struct Key {
    Protocol protocol;
    Address address;
    std::uint16_t port;
    auto operator<=>(const Key&) const = default;
  };

  Status hold_number(Protocol protocol, const std::vector<Address>& addresses, std::uint16_t port);

  std::map<Key, UniqueFd> held_;  // no descriptor: its other family's socket, or no such protocol
  std::uint16_t next_ephemeral_ = kFirstEphemeral;
};

}  // namespace fairlead::engine
