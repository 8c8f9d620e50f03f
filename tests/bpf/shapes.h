// The corners of IP that a translated packet may come in: options, extension headers, fragments,
// and UDP without a checksum.
#pragma once

#include <vector>

#include "icmp_error.h"

namespace fairlead::test {

struct Shape {
  const char* name;
  Buffer options = {};                     // IPv4
  std::vector<Extension> extensions = {};  // IPv6
  bool authenticated = false;              // IPv6: AH (RFC 4302) before the L4 header
  bool fragmented = false;                 // in two
  bool checksum = true;                    // false: UDP's field is 0

  bool fits(std::uint8_t proto, Family family) const;
};

const std::vector<Shape>& shapes(Family family);

// The packet of a protocol, or both of its fragments. Of echo, the source port is the identifier.
std::vector<Packet> shaped(const Shape& shape, std::uint8_t proto, const Eth& eth, const Tuple& t,
                           std::uint8_t ttl, bool echo_reply);

}  // namespace fairlead::test
