// ICMP errors, the packets they quote, and entries of flows that these belong to.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "world.h"

namespace fairlead::test {

// An error of both families, by type and code (RFC 792, RFC 4443).
struct Told {
  const char* name;
  std::uint8_t type4, code4, type6, code6;
  std::uint32_t rest = 0;
};
inline constexpr Told kHostUnreachable{"host unreachable", 3, 1, 1, 3};
inline constexpr Told kPortUnreachable{"port unreachable", 3, 3, 1, 4};
inline constexpr Told kTimeExceeded{"time exceeded", 11, 0, 3, 0};
inline constexpr Told kTooBig{"too big", 3, 4, 2, 0, 1400};
inline constexpr Told kParameterProblem{"parameter problem", 12, 0, 4, 0, 6};
inline constexpr std::array kErrors{kHostUnreachable, kPortUnreachable, kTimeExceeded, kTooBig,
                                    kParameterProblem};

// What comes after the Ethernet header: all of it, or the first `length` bytes.
Bytes quote(const Packet& packet, std::size_t length = SIZE_MAX);

// The first `length` bytes of a quoted packet as they were and as they become. Half of TCP's
// checksum cannot be translated: if that is where the quote ends, it stays.
Bytes translated_quote(std::uint8_t proto, const Packet& was, const Packet& becomes,
                       std::size_t length);

// The error about a packet, of the family of ip.dst.
Packet icmp_error(const Eth& eth, const Layer& ip, const Told& told, const Bytes& quoted);

// Who sends to whom: what a packet shows, and what it becomes.
struct Tuple {
  Addr src;
  std::uint16_t sport = 0;
  Addr dst;
  std::uint16_t dport = 0;

  Tuple back() const { return {.src = dst, .sport = dport, .dst = src, .dport = sport}; }
};

// A packet of a protocol with these addresses and ports; of echo, the source port is the
// identifier. `extra`: layers between IP and L4. TCP has 20 bytes of payload, the others 24.
Packet between(std::uint8_t proto, const Tuple& t, const std::vector<Layer>& extra = {});

// TCP, UDP, and echo of the family. SCTP only where ports stay.
std::vector<std::uint8_t> translated_protocols(Family family);

// One direction of a flow.
struct Way {
  std::uint8_t proto = IPPROTO_UDP;
  Tuple shows;
  Tuple becomes;
  fl_nat_kind kind = FL_NAT_MASQUERADE;
  std::uint8_t flags = 0;
  const Endpoint* to = nullptr;  // null: out by the host's routes
  const Endpoint* owner = &kA;
};
fl_flow key(const Way& way);
fl_nat entry(const Way& way);

}  // namespace fairlead::test
