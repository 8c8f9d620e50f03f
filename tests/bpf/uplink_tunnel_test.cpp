// tc_uplink: packets from other hosts leave their tunnel for a container, if they are to be
// believed.
#include <gtest/gtest.h>

#include "tunnel_kinds.h"
#include "wire.h"

namespace fairlead::test {
namespace {

class UplinkTunnelTest : public ArrivalTest {
 protected:
  UplinkTunnelTest() : ArrivalTest("tc_uplink") {}
  template <typename... Layers>
  void expect_delivered(Layers... layers) {
    EXPECT_EQ(from_uplink(arriving(inner_eth(), layers...)),
              redirected(FL_FORWARD_REMOTE_IN, packet(inner_eth(), layers...)));
  }
  bool same_family() const { return v4() == outer_v4(); }
  Ran run_aggregate(const Packet& in) {
    return program().run(in, {.ifindex = uplink(), .ingress_ifindex = uplink(), .gso_size = 1000});
  }
};
FAIRLEAD_ALL_FAMILIES(UplinkTunnelTest);

TEST_P(UplinkTunnelTest, EveryTransportReachesTheContainer) {
  expect_delivered(ip(), Udp{}, payload(20));
  expect_delivered(ip(), Udp{.checksum = false}, payload(20));
  expect_delivered(ip(), Tcp{.options = {1, 1, 1}});
  expect_delivered(ip(), Sctp{}, payload(20));
  expect_delivered(ip(), Echo{}, payload(56));
  expect_delivered(ip(), payload(1300));
}

// Where it does not know DECAP_L3, the kernel refuses to leave less than an IPv6 header of what was
// IPv6: its own device has to do it.
TEST_P(UplinkTunnelTest, ShortestPacketsReachTheContainerOrTheKernelsDevice) {
  const Packet in = arriving(inner_eth(), ip());
  if (v4() && !outer_v4()) {
    EXPECT_EQ(from_uplink(in), left_alone(in, FL_PUNT_TUNNEL));
  } else {
    expect_delivered(ip());
  }
}

TEST_P(UplinkTunnelTest, NewerKernelsChangeTheFamilyToo) {
  fl_config newer = config();
  newer.decap_l3 = 1;
  reload(newer);
  fill_tunnel(program());
  if (from_uplink(arriving(inner_eth(), ip(), Udp{}, payload(20))).reasons ==
      Reasons{FL_PUNT_TUNNEL}) {
    GTEST_SKIP()
        << "bpf_skb_adjust_room() has no DECAP_L3 before Linux 6.3, and the program does without";
  }
  expect_delivered(ip());
  expect_delivered(ip(), Udp{}, payload(1));
  expect_delivered(ip(), Tcp{}, payload(1300));
}

// Whatever MACs are inside: the container sees the sender's and its own.
TEST_P(UplinkTunnelTest, InnerMacsAreThoseOfTheMap) {
  EXPECT_EQ(from_uplink(
                arriving(Eth{.dst = "ff:ff:ff:ff:ff:ff", .src = kC.mac}, ip(), Udp{}, payload(20))),
            redirected(FL_FORWARD_REMOTE_IN, packet(inner_eth(), ip(), Udp{}, payload(20))));
}

TEST_P(UplinkTunnelTest, ReservedFieldsAndTheUdpChecksumAreIgnored) {
  Packet in = packet(from_peer(), Ip{.src = out(kPeer), .dst = out(kHost)},
                     Udp{.sport = 50000, .dport = kTunnelPort}, Vxlan{.vni = kVni, .flags = 0x88},
                     inner_eth(), ip(), Udp{}, payload(20));
  in.bytes[inner_at(GetParam().outer) - 14 - 1] = 0x55;

  EXPECT_EQ(program().run(in, {.ifindex = uplink()}),
            redirected(FL_FORWARD_REMOTE_IN, packet(inner_eth(), ip(), Udp{}, payload(20))));
}

TEST_P(UplinkTunnelTest, InnerFragmentsPass) {
  const auto [first, last] = fragments(packet(inner_eth(), ip(), Udp{}, payload(64)), 32, 7);
  for (const Packet& piece : {first, last}) {
    const Bytes frame{piece.bytes};
    EXPECT_EQ(from_uplink(arriving(frame)), redirected(FL_FORWARD_REMOTE_IN, piece));
  }
}

TEST_P(UplinkTunnelTest, PeersOtherAddressesAreBelieved) {
  program().put("fl_vteps", out(kNoVtep).raw(), kPeerNumber);

  EXPECT_EQ(from_uplink(arriving_by({.from = kNoVtep}, inner_eth(), ip(), Udp{}, payload(20))),
            redirected(FL_FORWARD_REMOTE_IN, packet(inner_eth(), ip(), Udp{}, payload(20))));
}

TEST_P(UplinkTunnelTest, EveryAddressOfThisHostIsTakenAsOuterDestination) {
  program().put("fl_local", out(kNoVtep).raw(), uplink());

  EXPECT_EQ(
      from_uplink(arriving_by({.to = kNoVtep}, inner_eth(), ip(), Udp{}, payload(20))).reasons,
      Reasons{FL_FORWARD_REMOTE_IN});
}

TEST_P(UplinkTunnelTest, CongestionMarksAreMerged) {
  for (const EcnCase& ecn : kEcnMatrix) {
    SCOPED_TRACE("inner " + std::to_string(ecn.inner) + " outer " + std::to_string(ecn.outer));
    for (const std::uint8_t dscp : std::initializer_list<std::uint8_t>{0, 0xb8}) {
      const auto tos = [&](std::uint8_t field) { return static_cast<std::uint8_t>(dscp | field); };
      const Ran got =
          from_uplink(arriving_by({.tos = ecn.outer}, inner_eth(), ip(tos(ecn.inner)), Tcp{}));
      if (ecn.result == kEcnDrop) {
        EXPECT_EQ(got, dropped(FL_DROP_ECN));
      } else {
        EXPECT_EQ(
            got, redirected(FL_FORWARD_REMOTE_IN, packet(inner_eth(), ip(tos(ecn.result)), Tcp{})));
      }
    }
  }
}

TEST_P(UplinkTunnelTest, WhatIsNotToBeBelievedIsDroppedByName) {
  for (const Refusal& refusal : refusals()) {
    SCOPED_TRACE(refusal.name);
    EXPECT_EQ(from_uplink(refusal.packet), dropped(refusal.reason));
    EXPECT_EQ(program().drops(refusal.network, refusal.reason).packets, 1U);
  }
  for (const Refusal& lie : lies()) {
    SCOPED_TRACE(lie.name);
    EXPECT_EQ(from_uplink(lie.packet), dropped(lie.reason));
  }
}

TEST_P(UplinkTunnelTest, WithoutIccNothingComesIn) {
  set_flags(1, FL_NET_NO_ICC);

  EXPECT_EQ(from_uplink(arriving(inner_eth(), ip(), Udp{}, payload(20))), dropped(FL_DROP_ICC));
}

// Two overlays may share a port.
TEST_P(UplinkTunnelTest, NeitherSenderNorNetworkKnownIsLeftToTheKernelsDevice) {
  const Packet in =
      arriving_by({.from = kNoVtep, .vni = kUnknownVni}, inner_eth(), ip(), Udp{}, payload(20));

  EXPECT_EQ(from_uplink(in), left_alone(in, FL_PUNT_TUNNEL));
}

TEST_P(UplinkTunnelTest, WhatIsNoTunnelOfOursIsLeftAlone) {
  for (const Packet& in : not_ours()) EXPECT_EQ(from_uplink(in), left_alone(in));
}

TEST_P(UplinkTunnelTest, WithoutATunnelNothingIsTakenOut) {
  const std::uint32_t zero = 0;
  program().put("fl_tunnel", zero, fl_tunnel{.ifindex = 0, .port = htons(kTunnelPort), .pad = {}});
  const Packet in = arriving(inner_eth(), ip(), Udp{}, payload(20));

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

// An aggregate's state cannot be undone here (datapath.md 3.2); a test run's one is of no kind at
// all.
TEST_P(UplinkTunnelTest, AggregatesOfDatagramsAreLeftToTheKernelsDevice) {
  for (const Packet& in : {arriving(inner_eth(), ip(), Udp{}, payload(3000)),
                           arriving(inner_eth(), ip(), Tcp{}, payload(3000))}) {
    EXPECT_EQ(run_aggregate(in), left_alone(in, FL_PUNT_TUNNEL));
  }
}

TEST_P(UplinkTunnelTest, AggregatesAreCheckedLikeTheRest) {
  EXPECT_EQ(run_aggregate(arriving_by({.from = kNoVtep}, inner_eth(), ip(), Udp{}, payload(3000))),
            dropped(FL_DROP_VTEP));
}

// Only the lengths of an aggregate's inner header can be trusted.
TEST_P(UplinkTunnelTest, OuterLengthsOfAggregatesAreNotRead) {
  Packet in = arriving(inner_eth(), ip(), Udp{}, payload(3000));
  const std::size_t udp = inner_at(GetParam().outer) - 14 - 16;
  in.bytes[udp + 4] = in.bytes[udp + 5] = 1;

  EXPECT_EQ(run_aggregate(in), left_alone(in, FL_PUNT_TUNNEL));
}

// Ports that are also published do not get in the way of each other.
TEST_P(UplinkTunnelTest, PublishedTunnelPortServesWhatIsNoTunnel) {
  publish(kAny(GetParam().outer), kTunnelPort, IPPROTO_UDP, kA, 80, GetParam().outer);
  const Packet other = packet(from_router(), Ip{.src = out(kOutside), .dst = out(kHost)},
                              Udp{.dport = kTunnelPort}, payload(4));

  EXPECT_EQ(from_uplink(other).reasons, Reasons{FL_FORWARD_PUBLISHED});
  EXPECT_EQ(from_uplink(arriving(inner_eth(), ip(), Udp{}, payload(20))).reasons,
            Reasons{FL_FORWARD_REMOTE_IN});
}

TEST_P(UplinkTunnelTest, EveryPrefixIsHarmless) {
  const Packet whole = arriving(inner_eth(), ip(), Tcp{}, payload(20));
  for (std::size_t n = outer_v4() ? 34 : 54; n < whole.size(); ++n) {
    SCOPED_TRACE("first " + std::to_string(n) + " bytes");
    const Packet in = whole.first(n);
    // Up to the VXLAN header nothing says that it is a tunnel packet.
    if (n < inner_at(GetParam().outer) - 14) {
      EXPECT_EQ(from_uplink(in), left_alone(in));
    } else {
      EXPECT_EQ(from_uplink(in), dropped(FL_DROP_TRUNCATED));
    }
  }
}

// Ethernet's padding, of the outer or the inner frame, is the container's stack's to cut off.
TEST_P(UplinkTunnelTest, PaddingPasses) {
  Packet in = arriving(inner_eth(), ip(), Udp{}, payload(20));
  Packet out = packet(inner_eth(), ip(), Udp{}, payload(20));
  in.bytes.resize(in.size() + 6);
  out.bytes.resize(out.size() + 6);

  EXPECT_EQ(program().run(in, {.ifindex = uplink()}), redirected(FL_FORWARD_REMOTE_IN, out));
}

// Headers in page fragments: AF_PACKET leaves only Ethernet in the linear part.
TEST_P(UplinkTunnelTest, NonLinearPacketIsDelivered) {
  const Packet in = arriving(inner_eth(), ip(), Udp{}, payload(5000));

  EXPECT_EQ(program().run_on_wire("up0", BpfProgram::Hook::ingress, in, 14),
            Reasons{FL_FORWARD_REMOTE_IN});
}

TEST_P(UplinkTunnelTest, FrameToAnotherMachineIsNotTaken) {
  Packet in = arriving(inner_eth(), ip(), Udp{}, payload(20));
  in.bytes[5] ^= 1;

  EXPECT_EQ(program().run_on_wire("up0", BpfProgram::Hook::ingress, in), Reasons{FL_PUNT_NOT_OURS});
}

// The second half of xdp_uplink's work: its metadata name the device.
class UplinkDecappedTest : public ArrivalTest {
 protected:
  UplinkDecappedTest() : ArrivalTest("tc_uplink") {}
};
FAIRLEAD_ALL_FAMILIES(UplinkDecappedTest);

TEST_P(UplinkDecappedTest, WhatXdpTookOutIsDeliveredByItsMetadata) {
  std::string why;
  const auto xdp = BpfProgram::load("xdp_uplink", config(), &why);
  ASSERT_NE(xdp, nullptr) << why;
  fill_tunnel(*xdp);
  for (const Addr& addr : {kA.addr4, kA.addr6}) {
    fl_forward here{};
    here.kind = FL_TARGET_LOCAL;
    here.ifindex = kA.ifindex();
    xdp->put("fl_forward", fl_forward_key{.network = kVni, .addr = addr.raw()}, here);
  }
  const AtXdp attached(xdp->fd(), "up0");
  const Packet in = arriving(inner_eth(), ip(), Udp{}, payload(100));
  const Packet other = arriving(inner_eth(), Ip{.src = r(), .dst = b()}, Udp{}, payload(100));
  const auto send = [&](const Packet& p) {
    return program().run_while("up0", BpfProgram::Hook::ingress, [&] { send_frame("up0_p", p); });
  };

  // Nothing of a tunnel is left that this program could have judged by its own maps, which know no
  // tunnel.
  const std::uint32_t zero = 0;
  program().put("fl_tunnel", zero, fl_tunnel{});
  EXPECT_EQ(send(in), Reasons{FL_FORWARD_REMOTE_IN});
  EXPECT_EQ(send(packet(from_peer(), Ip{.src = out(kPeer), .dst = out(kHost)}, Udp{.dport = 22})),
            Reasons{FL_PUNT_NOT_OURS});
  EXPECT_EQ(send(other), Reasons{});  // dropped by the first program
}

}  // namespace
}  // namespace fairlead::test
