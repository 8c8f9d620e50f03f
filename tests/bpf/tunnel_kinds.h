// Tunnel packets that are not to be delivered, and why: the same for every hook that takes packets
// out of their tunnel.
#pragma once

#include <string>
#include <vector>

#include "tunnel_world.h"

namespace fairlead::test {

class ArrivalTest : public TunnelTest {
 protected:
  using TunnelTest::TunnelTest;

  Ip ip(std::uint8_t tos = 0) const { return {.src = r(), .dst = a(), .tos = tos}; }
  Eth inner_eth() const { return between(kR, kA); }

  struct Refusal {
    std::string name;
    Packet packet;
    fl_reason reason;
    std::uint32_t network;  // that it is counted for
  };
  // What must be dropped and counted by name. The first part says who is lied about.
  std::vector<Refusal> refusals() const {
    const auto udp = [&](const Tunnel& tunnel, const Addr& src, const Addr& dst) {
      return arriving_by(tunnel, inner_eth(), Ip{.src = src, .dst = dst}, Udp{}, payload(9));
    };
    const Addr nobody = in(kNobody);
    const Addr mapped = "::ffff:10.77.1.66";
    std::vector<Refusal> out{
        {"from no host of the cluster", udp({.from = kNoVtep}, r(), a()), FL_DROP_VTEP, kVni},
        {"from no host, of nobody", udp({.from = kNoVtep}, nobody, a()), FL_DROP_VTEP, kVni},
        {"of a network nobody knows", udp({.vni = kUnknownVni}, r(), a()), FL_DROP_VNI, 0},
        {"of a network its host is not in", udp({.from = kStranger}, r(), a()), FL_DROP_VNI, kVni},
        {"of this host's other network", udp({.vni = 2}, r(), a()), FL_DROP_VNI, 2},
        {"with another host's container as source", udp({.from = kOther}, r(), a()),
         FL_DROP_INNER_SOURCE, kVni},
        {"with nobody as source", udp({}, nobody, a()), FL_DROP_INNER_SOURCE, kVni},
        {"with a container of this host as source", udp({}, b(), a()), FL_DROP_INNER_SOURCE, kVni},
        {"with the gateway as source", udp({}, in(kGateway1), a()), FL_DROP_INNER_SOURCE, kVni},
        {"with this host as source", udp({}, in(kHost), a()), FL_DROP_INNER_SOURCE, kVni},
        {"to nobody", udp({}, r(), nobody), FL_DROP_INNER_DESTINATION, kVni},
        {"to its own host", udp({}, r(), r()), FL_DROP_INNER_DESTINATION, kVni},
        {"to the gateway", udp({}, r(), in(kGateway1)), FL_DROP_INNER_DESTINATION, kVni},
        {"to this host", udp({}, r(), in(kHost)), FL_DROP_INNER_DESTINATION, kVni},
        {"to another network's container", udp({}, r(), kC.addr(GetParam().inner)),
         FL_DROP_INNER_DESTINATION, kVni},
        {"multicast", udp({}, r(), v4() ? "224.0.0.251" : "ff02::fb"), FL_DROP_INNER_DESTINATION,
         kVni},
        {"ARP inside", arriving(inner_eth(), Arp{.sender = kR.addr4, .target = kA.addr4}),
         FL_DROP_ETHERTYPE, kVni},
        {"a VLAN inside", arriving(inner_eth(), Vlan{}, ip(), Udp{}), FL_DROP_ETHERTYPE, kVni},
        {"ARP inside, from no host", arriving_by({.from = kNoVtep}, inner_eth(), Arp{}),
         FL_DROP_VTEP, kVni},
    };
    if (v4()) {
      out.push_back(
          {"broadcast", udp({}, r(), "255.255.255.255"), FL_DROP_INNER_DESTINATION, kVni});
    } else {
      out.push_back({"IPv4 disguised as IPv6",
                     arriving(inner_eth(), Ipv6{.src = mapped, .dst = a()}, Udp{}), FL_DROP_MARTIAN,
                     kVni});
    }
    return out;
  }
  // Lengths that lie, of packets that are otherwise believed.
  std::vector<Refusal> lies() const {
    const Packet good = arriving(inner_eth(), ip(), Udp{}, payload(20));
    const auto with16 = [&](std::size_t at, int change) {
      Packet p = good;
      const int value = (p.bytes[at] << 8 | p.bytes[at + 1]) + change;
      p.bytes[at] = static_cast<std::uint8_t>(value >> 8);
      p.bytes[at + 1] = static_cast<std::uint8_t>(value);
      return p;
    };
    const std::size_t udp = inner_at(GetParam().outer) - 14 - 16;
    const std::size_t length = inner_at(GetParam().outer) + (v4() ? 2 : 4);
    Packet version = good;
    version.bytes[inner_at(GetParam().outer)] ^= 0x30;
    return {{"UDP longer than the frame", with16(udp + 4, 1), FL_DROP_TRUNCATED, kVni},
            {"UDP shorter than what is in it", with16(udp + 4, -1), FL_DROP_TRUNCATED, kVni},
            {"inner packet longer than UDP", with16(length, 1), FL_DROP_TRUNCATED, kVni},
            {"inner packet of 64 KiB", with16(length, 0x7000), FL_DROP_TRUNCATED, kVni},
            {"inner version wrong", version, FL_DROP_TRUNCATED, kVni}};
  }
  // What is none of this host's tunnels, and goes up the stack untouched.
  std::vector<Packet> not_ours() const {
    const auto inside = [&](auto... outer) { return packet(outer..., inner_eth(), ip(), Udp{}); };
    const Ip to_host{.src = out(kPeer), .dst = out(kHost)};
    const Udp udp{.sport = 50000, .dport = kTunnelPort, .checksum = false};
    const Eth eth = from_peer();
    const auto [first, last] = fragments(packet(eth, to_host, udp, payload(64)), 32, 7);
    std::vector<Packet> all{
        inside(eth, to_host, Udp{.sport = kTunnelPort, .dport = 4789, .checksum = false}, Vxlan{}),
        inside(eth, to_host, Tcp{.dport = kTunnelPort}, Vxlan{}),
        inside(eth, Ip{.src = out(kPeer), .dst = out(kNoVtep)}, udp, Vxlan{}),
        inside(eth, Ip{.src = out(kNoVtep), .dst = out(kOther)}, udp, Vxlan{}),
        inside(eth, to_host, udp, Vxlan{.flags = 0}),
        packet(eth, to_host, udp),
        packet(eth, to_host, udp, payload(7)),
        inside(eth, Vlan{}, to_host, udp, Vxlan{}),
        first,
        last};
    if (outer_v4()) {
      // Options and UDP header look like a UDP header and VXLAN, if the options are overlooked.
      const Ipv4 options{.src = out(kPeer),
                         .dst = out(kHost),
                         .options = {1, 1, kTunnelPort >> 8, kTunnelPort & 0xff}};
      all.push_back(packet(eth, options, udp, Vxlan{}, inner_eth(), ip(), Udp{}, payload(2048)));
    } else {
      all.push_back(
          inside(eth, Ipv6{.src = out(kPeer), .dst = out(kHost)}, Extension{}, udp, Vxlan{}));
    }
    return all;
  }
};

// RFC 6040 4.2: inner and outer field, and what comes out; 4: dropped.
struct EcnCase {
  std::uint8_t inner, outer, result;
};
inline constexpr std::uint8_t kEcnDrop = 4;
inline constexpr EcnCase kEcnMatrix[] = {
    {0, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, 3, kEcnDrop}, {1, 0, 1}, {1, 1, 1}, {1, 2, 1}, {1, 3, 3},
    {2, 0, 2}, {2, 1, 1}, {2, 2, 2}, {2, 3, 3},        {3, 0, 3}, {3, 1, 3}, {3, 2, 3}, {3, 3, 3},
};

}  // namespace fairlead::test
