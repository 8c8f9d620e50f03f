// Clients on this host itself, where no socket hook leads them to a container: the daemon takes
// their connections and datagrams on the sockets that hold the ports, and passes them on.
//
// One thread of its own, which never blocks. Nobody outside is served: packets from the wire are
// the data path's, with its allow-lists, and what comes by another way is refused.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/network.h"

namespace fairlead::relay {

// Where a container listens.
struct Place {
  Address address;
  std::uint16_t port = 0;  // host byte order

  bool operator==(const Place&) const = default;
};

// A host port.
struct Door {
  Protocol protocol = Protocol::tcp;  // or udp
  UniqueFd socket{};                  // bound to the port; a duplicate, so that its owner keeps his
  std::optional<Place> v4{};          // for who asks an IPv4 address of the host; absent: nobody
  std::optional<Place> v6{};
};

using DoorNumber = std::uint64_t;

struct Limits {
  std::size_t connections = 16384;     // TCP, at one time; further ones are reset
  std::size_t udp_clients = 8192;      // then the one that was quiet for longest is forgotten
  std::chrono::seconds udp_idle{180};  // RFC 4787 4.3 asks for 120 at least
};

class Relay {
 public:
  // Error: out of file descriptors.
  static Result<std::unique_ptr<Relay>> create(const Limits& limits = {});
  ~Relay();  // connections end
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // The socket listens (TCP) and is read from here on. Errors: conflict (somebody else listens on
  // the port), invalid_argument (neither TCP nor UDP).
  Result<DoorNumber> open(Door door);

  // Resets the door's connections and returns when nothing of the socket is left here, so that the
  // port is free once its owner closes it too. Unknown: nothing to do.
  void close(DoorNumber number);

 private:
  class Impl;
  explicit Relay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::relay
