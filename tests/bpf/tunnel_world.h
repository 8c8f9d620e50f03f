// The world with other hosts in it: network 1 is shared, and its id is the VNI.
//
//   peer 1: kPeer, has R of network 1       peer 2: kOther, has nothing but is part of network 1
//   peer 3: kStranger, is part of no network that this host knows
#pragma once

#include "bpf/shared/peer.h"
#include "world.h"

namespace fairlead::test {

inline constexpr std::uint16_t kTunnelPort = 4795;
inline constexpr std::uint32_t kPeerNumber = 1;
inline constexpr std::uint32_t kOtherNumber = 2;
inline constexpr std::uint32_t kStrangerNumber = 3;
inline constexpr std::uint32_t kVni = 1;
inline constexpr std::uint32_t kUnknownVni = 0x123456;
inline constexpr std::uint32_t kTunnelMtu = 1500;  // of every hop

inline const Pair kPeer{"198.18.0.7", "2001:db8:f::7"};
inline const Pair kOther{"198.18.0.8", "2001:db8:f::8"};
inline const Pair kStranger{"198.18.0.9", "2001:db8:f::9"};
inline const Pair kNoVtep{"198.18.0.66", "2001:db8:f::66"};  // of no host of the cluster
inline const Mac kPeerMac = "02:00:00:00:f0:07";

inline const Endpoint kR{"", 1, "02:42:0a:4d:01:42", "10.77.1.66", "2001:db8:77:1::66"};

// A pair of families: of the tunnel, and of what is in it.
struct Families {
  Family outer = Family::v4;
  Family inner = Family::v4;
};

inline std::size_t overhead(Family outer) { return outer == Family::v4 ? 50 : 70; }
// Where the inner IP header starts.
inline std::size_t inner_at(Family outer) { return 14 + overhead(outer); }
inline Eth from_peer() { return {.dst = kUplinkMac, .src = kPeerMac}; }
inline Eth to_peer() { return {.dst = kPeerMac, .src = kUplinkMac}; }

class TunnelTest : public WorldTest, public ::testing::WithParamInterface<Families> {
 protected:
  using WorldTest::WorldTest;
  void SetUp() override;
  void fill_tunnel(BpfProgram& program);  // the maps of other hosts, into any program's

  bool v4() const { return GetParam().inner == Family::v4; }  // inside
  bool outer_v4() const { return GetParam().outer == Family::v4; }
  std::size_t overhead() const { return test::overhead(GetParam().outer); }
  Addr a() const { return kA.addr(GetParam().inner); }
  Addr b() const { return kB.addr(GetParam().inner); }
  Addr r() const { return kR.addr(GetParam().inner); }
  Addr in(const Pair& pair) const { return pair(GetParam().inner); }
  Addr out(const Pair& pair) const { return pair(GetParam().outer); }

  // Layers in a tunnel from this host to peer 1.
  template <typename... Layers>
  Packet leaving(std::uint16_t sport, std::uint8_t tos, Layers... inner) const {
    return packet(to_peer(), Ip{.src = out(kHost), .dst = out(kPeer), .tos = tos},
                  Udp{.sport = sport, .dport = kTunnelPort, .checksum = false}, Vxlan{.vni = kVni},
                  inner...);
  }
  // What arrives. `tunnel` is where it pretends to come from, and of which network.
  struct Tunnel {
    Pair from = kPeer;
    Pair to = kHost;
    std::uint32_t vni = kVni;
    std::uint8_t tos = 0;
  };
  template <typename... Layers>
  Packet arriving_by(const Tunnel& tunnel, Layers... inner) const {
    return packet(from_peer(),
                  Ip{.src = out(tunnel.from), .dst = out(tunnel.to), .tos = tunnel.tos},
                  Udp{.sport = 50000, .dport = kTunnelPort, .checksum = false},
                  Vxlan{.vni = tunnel.vni}, inner...);
  }
  template <typename... Layers>
  Packet arriving(Layers... inner) const {
    return arriving_by(Tunnel{}, inner...);
  }
};

// The ready header to a next hop.
fl_hop hop_header(const Addr& local, const Addr& remote, const Mac& next, std::uint32_t ifindex);

void put_remote(BpfProgram& program, const Endpoint& endpoint, std::uint32_t peer);
void put_peer(BpfProgram& program, std::uint32_t number, fl_peer_way way, const Addr& remote,
              const Addr& local, const std::vector<Mac>& next_hops);

#define FAIRLEAD_ALL_FAMILIES(fixture)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                  \
      , fixture,                                                                             \
      ::testing::Values(Families{Family::v4, Family::v4}, Families{Family::v4, Family::v6},  \
                        Families{Family::v6, Family::v4}, Families{Family::v6, Family::v6}), \
      [](const auto& value) {                                                                \
        return std::string(value.param.inner == Family::v4 ? "V4" : "V6") + "in" +           \
               (value.param.outer == Family::v4 ? "V4" : "V6");                              \
      })

}  // namespace fairlead::test
