// tc_endpoint: flows to the outside. The first packet makes two NAT entries, later ones follow
// them; the packet leaves with the uplink's address, or with its own where masquerade is off.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class EndpointMasqueradeTest : public FamilyTest {
 protected:
  EndpointMasqueradeTest() : FamilyTest("tc_endpoint") {}

  Ip leaving(const Addr& dst, std::uint8_t ttl = 64) const {
    return {.src = a(), .dst = dst, .ttl = ttl};
  }
  Ip outside_sees(const Addr& dst, std::uint8_t ttl = 63) const {
    return {.src = of(kHost), .dst = dst, .ttl = ttl};
  }
  Packet udp(std::uint16_t sport) const {
    return packet(by_gateway(kA), leaving(of(kOutside)), Udp{.sport = sport, .dport = 53},
                  payload(11));
  }
  Ran with_mtu_and_gso(const Packet& in, std::uint32_t gso) {
    return program().run(in, {.ifindex = kA.ifindex(), .gso_size = gso});
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointMasqueradeTest);

TEST_P(EndpointMasqueradeTest, UdpLeavesWithTheUplinksAddress) {
  EXPECT_EQ(from(kA, udp(kNatFirst + 1)),
            redirected(FL_FORWARD_MASQUERADE,
                       packet(to_router(), outside_sees(of(kOutside)),
                              Udp{.sport = kNatFirst + 1, .dport = 53}, payload(11))));
}

TEST_P(EndpointMasqueradeTest, TcpLeavesWithTheUplinksAddress) {
  const Tcp tcp{.sport = kNatFirst, .dport = 443, .options = {2, 4, 5, 0xb4}};

  EXPECT_EQ(
      from(kA, packet(by_gateway(kA), leaving(of(kOutside)), tcp)),
      redirected(FL_FORWARD_MASQUERADE, packet(to_router(), outside_sees(of(kOutside)), tcp)));
}

TEST_P(EndpointMasqueradeTest, PingLeavesWithTheUplinksAddress) {
  const Echo echo{.id = kNatLast, .seq = 3};

  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(of(kOutside)), echo, payload(56))),
            redirected(FL_FORWARD_MASQUERADE,
                       packet(to_router(), outside_sees(of(kOutside)), echo, payload(56))));
}

TEST_P(EndpointMasqueradeTest, UdpWithoutChecksumStaysWithout) {
  if (!v4()) return;  // IPv6 has no UDP without one (RFC 8200 8.1)
  const Udp bare{.sport = kNatFirst, .dport = 53, .checksum = false};

  EXPECT_EQ(
      from(kA, packet(by_gateway(kA), leaving(of(kOutside)), bare)),
      redirected(FL_FORWARD_MASQUERADE, packet(to_router(), outside_sees(of(kOutside)), bare)));
}

TEST_P(EndpointMasqueradeTest, FirstPacketMakesBothEntries) {
  from(kA, udp(kNatFirst));

  const auto there = nat(flow(IPPROTO_UDP, a(), kNatFirst, of(kOutside), 53));
  const auto back = nat(flow(IPPROTO_UDP, of(kOutside), 53, of(kHost), kNatFirst));
  ASSERT_TRUE(there && back);
  EXPECT_EQ(Addr(there->src), of(kHost));
  EXPECT_EQ(Addr(there->dst), of(kOutside));
  EXPECT_EQ(there->kind, FL_NAT_MASQUERADE);
  EXPECT_EQ(there->flags & FL_NAT_REPLY, 0);
  EXPECT_EQ(there->ifindex, 0U);
  EXPECT_EQ(Addr(back->src), of(kOutside));
  EXPECT_EQ(Addr(back->dst), a());
  EXPECT_EQ(ntohs(back->dport), kNatFirst);
  EXPECT_EQ(back->kind, FL_NAT_MASQUERADE);
  EXPECT_EQ(back->flags & FL_NAT_REPLY, FL_NAT_REPLY);
  EXPECT_EQ(back->ifindex, kA.ifindex());
  for (const auto& entry : {*there, *back}) {
    EXPECT_EQ(entry.network, kA.network);
    EXPECT_EQ(entry.endpoint, kA.ifindex());
    EXPECT_NE(entry.last_seen, 0U);
  }
}

TEST_P(EndpointMasqueradeTest, LaterPacketsFollowTheEntry) {
  const Ran first = from(kA, udp(5353));
  const Ran second = from(kA, udp(5353));

  EXPECT_EQ(first, second);
  EXPECT_EQ(program().keys<fl_flow>("fl_nat").size(), 2U);
  EXPECT_EQ(nat(flow(IPPROTO_UDP, a(), 5353, of(kOutside), 53))->flags & FL_NAT_SEEN, FL_NAT_SEEN);
}

TEST_P(EndpointMasqueradeTest, PortOutsideTheRangeIsReplacedByOneInIt) {
  from(kA, udp(5353));

  const auto entry = nat(flow(IPPROTO_UDP, a(), 5353, of(kOutside), 53));
  ASSERT_TRUE(entry);
  EXPECT_GE(ntohs(entry->sport), kNatFirst);
  EXPECT_LE(ntohs(entry->sport), kNatLast);
}

TEST_P(EndpointMasqueradeTest, ReplacedPortIsInThePacketAndItsChecksum) {
  fl_config one_port = config();
  one_port.nat_port_first = one_port.nat_port_last = 40500;
  reload(one_port);

  EXPECT_EQ(from(kA, udp(5353)), redirected(FL_FORWARD_MASQUERADE,
                                            packet(to_router(), outside_sees(of(kOutside)),
                                                   Udp{.sport = 40500, .dport = 53}, payload(11))));
  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(of(kOutside)), Echo{.id = 7}, payload(5))),
            redirected(FL_FORWARD_MASQUERADE, packet(to_router(), outside_sees(of(kOutside)),
                                                     Echo{.id = 40500}, payload(5))));
}

TEST_P(EndpointMasqueradeTest, PortTakenByAnotherContainerIsNotShared) {
  from(kA, udp(kNatFirst));
  const Packet in = packet(by_gateway(kC), Ip{.src = c(), .dst = of(kOutside)},
                           Udp{.sport = kNatFirst, .dport = 53});

  from(kC, in);

  const auto mine = nat(flow(IPPROTO_UDP, c(), kNatFirst, of(kOutside), 53));
  ASSERT_TRUE(mine);
  EXPECT_NE(ntohs(mine->sport), kNatFirst);
  EXPECT_EQ(Addr(nat(flow(IPPROTO_UDP, of(kOutside), 53, of(kHost), kNatFirst))->dst), a());
}

TEST_P(EndpointMasqueradeTest, OnePortServesSeveralDestinations) {
  fl_config one_port = config();
  one_port.nat_port_first = one_port.nat_port_last = 40500;
  reload(one_port);

  EXPECT_EQ(from(kA, udp(1)).reasons, Reasons{FL_FORWARD_MASQUERADE});
  EXPECT_EQ(
      from(kA, packet(by_gateway(kA), leaving(of(kOutside)), Udp{.sport = 2, .dport = 54})).reasons,
      Reasons{FL_FORWARD_MASQUERADE});
}

TEST_P(EndpointMasqueradeTest, FinAndResetAreRemembered) {
  const auto send = [&](std::uint8_t flags) {
    from(kA, packet(by_gateway(kA), leaving(of(kOutside)),
                    Tcp{.sport = kNatFirst, .dport = 80, .flags = flags}));
    return nat(flow(IPPROTO_TCP, a(), kNatFirst, of(kOutside), 80))->flags;
  };

  EXPECT_EQ(send(kSyn) & (FL_NAT_FIN | FL_NAT_RST), 0);
  EXPECT_EQ(send(kAck) & (FL_NAT_FIN | FL_NAT_RST), 0);
  EXPECT_EQ(send(kFin | kAck) & (FL_NAT_FIN | FL_NAT_RST), FL_NAT_FIN);
  EXPECT_EQ(send(kRst) & FL_NAT_RST, FL_NAT_RST);
}

TEST_P(EndpointMasqueradeTest, OtherProtocolsCannotBeMasqueraded) {
  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(of(kOutside)), Sctp{})),
            dropped(FL_DROP_NAT_PROTOCOL));
  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(of(kOutside)), payload(20))),
            dropped(FL_DROP_NAT_PROTOCOL));
}

TEST_P(EndpointMasqueradeTest, ChecksumsAreRightWithoutTheIpv6Flag) {
  fl_config old_kernel = config();
  old_kernel.csum_ipv6 = 0;
  reload(old_kernel);

  EXPECT_EQ(
      from(kA, udp(kNatFirst)),
      redirected(FL_FORWARD_MASQUERADE, packet(to_router(), outside_sees(of(kOutside)),
                                               Udp{.sport = kNatFirst, .dport = 53}, payload(11))));
}

TEST_P(EndpointMasqueradeTest, InternalNetworkDoesNotReachOutside) {
  set_flags(1, FL_NET_INTERNAL | FL_NET_MASQUERADE);

  EXPECT_EQ(from(kA, udp(1)), dropped(FL_DROP_INTERNAL));
  EXPECT_EQ(program().keys<fl_flow>("fl_nat").size(), 0U);
}

TEST_P(EndpointMasqueradeTest, WithoutIccOutsideIsReached) {
  set_flags(1, FL_NET_NO_ICC | FL_NET_MASQUERADE);

  EXPECT_EQ(from(kA, udp(kNatFirst)).reasons, Reasons{FL_FORWARD_MASQUERADE});
}

TEST_P(EndpointMasqueradeTest, UplinkWithoutAnAddressIsNoWayOut) {
  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(of(kBareUplink)), Udp{})),
            dropped(FL_DROP_NO_UPLINK_ADDRESS));
}

TEST_P(EndpointMasqueradeTest, DeviceThatIsNoUplinkIsNoWayOut) {
  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(of(kLan)), Udp{})),
            dropped(FL_DROP_NOT_UPLINK));
}

TEST_P(EndpointMasqueradeTest, UplinkThatIsNotForMasqueradeIsNoWayOut) {
  auto up0 = *program().get<std::uint32_t, fl_uplink>("fl_uplinks", uplink());
  up0.flags = 0;
  program().put("fl_uplinks", uplink(), up0);

  EXPECT_EQ(from(kA, udp(1)), dropped(FL_DROP_NOT_UPLINK));
}

TEST_P(EndpointMasqueradeTest, MulticastDoesNotLeaveTheNetwork) {
  const Addr group = v4() ? "239.1.2.3" : "ff0e::123";

  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(group), Udp{})).reasons,
            Reasons{FL_FORWARD_FLOOD});
  EXPECT_EQ(program().keys<fl_flow>("fl_nat").size(), 0U);
}

TEST_P(EndpointMasqueradeTest, SegmentsOfOneLargePacketAreMeasuredNotTheWhole) {
  const Packet in = packet(by_gateway(kA), leaving(of(kSmallMtu)),
                           Tcp{.sport = kNatFirst, .flags = kAck}, payload(3000));

  EXPECT_EQ(with_mtu_and_gso(in, 1200).reasons, Reasons{FL_FORWARD_MASQUERADE});
  EXPECT_TRUE(with_mtu_and_gso(in, 1400).reasons.contains(FL_DROP_TOO_BIG));
}

TEST_P(EndpointMasqueradeTest, NextHopWithoutANeighbourEntryIsResolvedByTheKernel) {
  auto up0 = *program().get<std::uint32_t, fl_uplink>("fl_uplinks", uplink());
  const std::uint32_t up1 = bare_uplink();
  program().put("fl_uplinks", up1, up0);

  const Ran got =
      from(kA, packet(by_gateway(kA), leaving(of(kBareUplink)), Udp{.sport = kNatFirst}));

  EXPECT_EQ(got.action, kRedirect);
  EXPECT_EQ(got.reasons, Reasons{FL_FORWARD_MASQUERADE});
}

TEST_P(EndpointMasqueradeTest, WithoutMasqueradeTheAddressIsKept) {
  set_flags(1, 0);

  EXPECT_EQ(from(kA, udp(5353)),
            redirected(FL_FORWARD_ROUTED, packet(to_router(), leaving(of(kOutside), 63),
                                                 Udp{.sport = 5353, .dport = 53}, payload(11))));
  const auto back = nat(flow(IPPROTO_UDP, of(kOutside), 53, a(), 5353));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, FL_NAT_ROUTED);
  EXPECT_EQ(back->ifindex, kA.ifindex());
}

TEST_P(EndpointMasqueradeTest, WithoutMasqueradeOtherProtocolsLeaveToo) {
  set_flags(1, 0);

  EXPECT_EQ(from(kA, packet(by_gateway(kA), leaving(of(kOutside)), Sctp{}, payload(8))),
            redirected(FL_FORWARD_ROUTED,
                       packet(to_router(), leaving(of(kOutside), 63), Sctp{}, payload(8))));
}

}  // namespace
}  // namespace fairlead::test
