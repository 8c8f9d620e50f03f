// Packets written as values: packet(Eth{}, Ipv4{.dst = "192.0.2.2"}, Udp{.dport = 53}).
//
// Every length, protocol number and checksum that is not given is computed here from scratch,
// so a program's incremental checksum update is compared with an independent one.
// Numbers are in host byte order; addresses are text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "addr.h"

namespace fairlead::test {

using Buffer = std::vector<std::uint8_t>;

// A frame. Two are equal when all bytes are.
struct Packet {
  Buffer bytes;

  std::size_t size() const { return bytes.size(); }
  Packet first(std::size_t length) const;  // the first `length` bytes
  bool operator==(const Packet&) const = default;
};

// One line a header, with the fields that tests look at, then its bytes. Never fails: what is
// cut short or unknown is printed as bytes.
std::string describe(const Packet& packet);
void PrintTo(const Packet& packet, std::ostream* out);

struct Eth {
  Mac dst = "02:00:00:00:00:0b";
  Mac src = "02:00:00:00:00:0a";
  std::optional<std::uint16_t> type = {};  // from the next header
};
struct Vlan {
  std::uint16_t id = 1;
};
struct Arp {
  std::uint16_t op = 1;  // 1 request, 2 reply (RFC 826)
  Mac sender_mac = {};
  Addr sender = "0.0.0.0";
  Mac target_mac = {};
  Addr target = "0.0.0.0";
  std::uint16_t hardware = 1;
};
struct Ipv4 {
  Addr src = "192.0.2.1";
  Addr dst = "192.0.2.2";
  std::uint8_t ttl = 64;
  std::optional<std::uint8_t> proto = {};
  std::uint16_t id = 0;
  bool df = false;
  bool mf = false;
  std::uint16_t offset = 0;  // bytes, a multiple of 8
  std::uint8_t tos = 0;
  Buffer options = {};  // padded to a multiple of 4
  std::optional<std::uint16_t> total_length = {};
};
struct Ipv6 {
  Addr src = "2001:db8::1";
  Addr dst = "2001:db8::2";
  std::uint8_t ttl = 64;
  std::optional<std::uint8_t> next = {};
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;
  std::optional<std::uint16_t> payload_length = {};
};
// IPv4 or IPv6, by the family of dst: for tests that run under both.
struct Ip {
  Addr src;
  Addr dst;
  std::uint8_t ttl = 64;
  bool df = true;  // IPv4 only
  std::uint8_t tos = 0;
};
// An IPv6 extension header of options or routing: type 0 hop-by-hop, 43, 60, 135 ...
struct Extension {
  std::uint8_t type = 60;
  Buffer body = {};  // after the two fixed bytes; padded to a multiple of 8 in all
  std::optional<std::uint8_t> next = {};
};
struct Fragment6 {
  std::uint16_t offset = 0;  // bytes, a multiple of 8
  bool more = true;
  std::uint32_t id = 0;
  std::optional<std::uint8_t> next = {};
};
struct Udp {
  std::uint16_t sport = 1000;
  std::uint16_t dport = 2000;
  bool checksum = true;  // false: the field is 0, "not computed"
};
enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };
struct Tcp {
  std::uint16_t sport = 1000;
  std::uint16_t dport = 2000;
  std::uint8_t flags = kSyn;
  std::uint32_t seq = 1;
  std::uint32_t ack = 0;
  Buffer options = {};
};
struct Sctp {  // the common header; its CRC32c does not cover addresses and is left 0
  std::uint16_t sport = 1000;
  std::uint16_t dport = 2000;
};
// ICMP or ICMPv6, by the family of the IP header before it.
struct Icmp {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;  // the second word: MTU, identifier and sequence, flags
};
// Echo request or reply of the IP header's family.
struct Echo {
  std::uint16_t id = 1;
  std::uint16_t seq = 1;
  bool reply = false;
};
struct Vxlan {
  std::uint32_t vni = 1;
  std::uint8_t flags = 0x08;  // "the VNI is valid" (RFC 7348 5)
};
struct Bytes {
  Buffer bytes = {};
};

using Layer = std::variant<Eth, Vlan, Arp, Ipv4, Ipv6, Ip, Extension, Fragment6, Udp, Tcp, Sctp,
                           Icmp, Echo, Vxlan, Bytes>;

Packet build(const std::vector<Layer>& layers);

template <typename... Layers>
Packet packet(Layers... layers) {
  return build({Layer(std::move(layers))...});
}

// `length` bytes that differ from each other, so that a shifted copy shows.
Bytes payload(std::size_t length);

// Cuts an IP packet that build() made, without IP options or extension headers, into two
// fragments; the first carries `first` bytes after the IP header, a multiple of 8.
std::pair<Packet, Packet> fragments(const Packet& whole, std::uint16_t first, std::uint16_t id);

// The internet checksum (RFC 1071) of some bytes, host byte order.
std::uint16_t internet_checksum(const Buffer& bytes);

}  // namespace fairlead::test
