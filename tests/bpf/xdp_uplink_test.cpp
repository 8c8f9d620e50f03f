// xdp_uplink: as tc_uplink, but the packet is delivered in two steps, with metadata in between.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "tunnel_kinds.h"

namespace fairlead::test {
namespace {

class XdpUplinkTest : public ArrivalTest {
 protected:
  XdpUplinkTest() : ArrivalTest("xdp_uplink") {}
  void expect_untouched(const Packet& in) {
    const XdpRan got = program().run_xdp(in);
    EXPECT_EQ(got.action, XDP_PASS);
    EXPECT_EQ(got.reasons, Reasons{});
    EXPECT_EQ(got.packet, in);
    EXPECT_FALSE(got.done);
  }
  void expect_dropped(const Packet& in, fl_reason reason) {
    const XdpRan got = program().run_xdp(in);
    EXPECT_EQ(got.action, XDP_DROP);
    EXPECT_EQ(got.reasons, Reasons{reason});
  }
  // tc_uplink counts it.
  void expect_taken_out(const Packet& in, const Packet& inner) {
    const XdpRan got = program().run_xdp(in);
    EXPECT_EQ(got.action, XDP_PASS);
    EXPECT_EQ(got.reasons, Reasons{});
    EXPECT_EQ(got.packet, inner);
    ASSERT_TRUE(got.done);
    EXPECT_EQ(got.done->magic, std::uint32_t{FL_DECAPPED});
    EXPECT_EQ(got.done->network, kVni);
    EXPECT_EQ(got.done->ifindex, kA.ifindex());
    EXPECT_EQ(got.done->flags, 0U);
  }
};
FAIRLEAD_ALL_FAMILIES(XdpUplinkTest);

TEST_P(XdpUplinkTest, EveryTransportIsTakenOut) {
  for (const Layer& l4 :
       {Layer(Udp{}), Layer(Tcp{}), Layer(Sctp{}), Layer(Echo{}), Layer(Bytes{})}) {
    expect_taken_out(arriving(inner_eth(), ip(), l4, payload(9)),
                     packet(inner_eth(), ip(), l4, payload(9)));
  }
  expect_taken_out(arriving(inner_eth(), ip()), packet(inner_eth(), ip()));
}

TEST_P(XdpUplinkTest, InnerMacsAreThoseOfTheMap) {
  expect_taken_out(arriving(Eth{.dst = "ff:ff:ff:ff:ff:ff", .src = kC.mac}, ip(), Udp{}),
                   packet(inner_eth(), ip(), Udp{}));
}

TEST_P(XdpUplinkTest, CongestionMarksAreMerged) {
  for (const EcnCase& ecn : kEcnMatrix) {
    SCOPED_TRACE("inner " + std::to_string(ecn.inner) + " outer " + std::to_string(ecn.outer));
    const Packet in = arriving_by({.tos = ecn.outer}, inner_eth(), ip(ecn.inner), Tcp{});
    if (ecn.result == kEcnDrop) {
      expect_dropped(in, FL_DROP_ECN);
    } else {
      expect_taken_out(in, packet(inner_eth(), ip(ecn.result), Tcp{}));
    }
  }
}

TEST_P(XdpUplinkTest, WhatIsNotToBeBelievedIsDroppedByName) {
  for (const Refusal& refusal : refusals()) {
    SCOPED_TRACE(refusal.name);
    expect_dropped(refusal.packet, refusal.reason);
    EXPECT_EQ(program().drops(refusal.network, refusal.reason).packets, 1U);
  }
  for (const Refusal& lie : lies()) {
    SCOPED_TRACE(lie.name);
    expect_dropped(lie.packet, lie.reason);
  }
}

TEST_P(XdpUplinkTest, WithoutIccNothingComesIn) {
  set_flags(1, FL_NET_NO_ICC);

  expect_dropped(arriving(inner_eth(), ip(), Udp{}), FL_DROP_ICC);
}

TEST_P(XdpUplinkTest, WhatIsNoTunnelOfOursPassesUntouched) {
  for (const Packet& in : not_ours()) expect_untouched(in);
  expect_untouched(arriving_by({.from = kNoVtep, .vni = kUnknownVni}, inner_eth(), ip(), Udp{}));
  expect_untouched(packet(from_router(), Arp{}));
  const std::uint32_t zero = 0;
  program().put("fl_tunnel", zero, fl_tunnel{});
  expect_untouched(arriving(inner_eth(), ip(), Udp{}));
}

TEST_P(XdpUplinkTest, EveryPrefixIsHarmless) {
  const Packet whole = arriving(inner_eth(), ip(), Udp{}, payload(20));
  for (std::size_t n = 14; n < whole.size(); ++n) {
    SCOPED_TRACE("first " + std::to_string(n) + " bytes");
    // Up to the VXLAN header nothing says that it is a tunnel packet.
    if (n < inner_at(GetParam().outer) - 14) {
      expect_untouched(whole.first(n));
    } else {
      expect_dropped(whole.first(n), FL_DROP_TRUNCATED);
    }
  }
}

}  // namespace
}  // namespace fairlead::test
