// Host ports that are really held, by bound sockets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/network.h"
#include "relay/relay.h"

namespace fairlead::engine {

// Another process that wants the port gets "address in use", and so do we if it came first.
// The data path takes packets before they get to the sockets, which neither listen nor are read,
// but for clients on this host that nothing else leads to the container: serve().
// Engine thread only.
class HostPorts {
 public:
  // Who keeps other processes off.
  enum class Claim : std::uint8_t {
    socket,  // we do
    name,    // somebody else does, with a socket of its own: here it is only ours among ours
  };

  // Ports for `-p 80` and `-P`: where the kernel's own ephemeral range begins and ends.
  static constexpr std::uint16_t kFirstEphemeral = 32768;
  static constexpr std::uint16_t kLastEphemeral = 60999;

  // Holds {protocol, address, port} for each address, the same port for all, from first..last.
  // Errors: conflict (every port of the range is taken; names the last holder tried),
  // invalid_argument (the address is not this host's).
  Result<std::uint16_t> hold(Protocol protocol, const std::vector<Address>& addresses,
                             std::uint16_t first, std::uint16_t last, Claim claim = Claim::socket);

  // Where clients that ask an address of the host of that family are led.
  struct Targets {
    std::optional<relay::Place> v4;
    std::optional<relay::Place> v6;
  };

  // Has the relay take local clients of a held port until release(). {any(v6)} is both families,
  // as held. Idempotent; a port that is not held, or without a socket, has none to serve. Errors:
  // conflict (another process listens on it), what the kernel said.
  Status serve(relay::Relay& relay, Protocol protocol, const Address& address, std::uint16_t port,
               const Targets& targets);

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

  Status hold_number(Protocol protocol, const std::vector<Address>& addresses, std::uint16_t port,
                     Claim claim);

  struct Door {
    relay::Relay* relay;
    relay::DoorNumber number;
  };
  struct Held {
    UniqueFd socket{};  // none: its other family's socket, or no such protocol
    std::optional<Door> door{};
  };

  std::map<Key, Held> held_;
  std::uint16_t next_ephemeral_ = kFirstEphemeral;
};

// Of an endpoint's ports.
HostPorts::Claim claim_of(const Endpoint& endpoint);

}  // namespace fairlead::engine
