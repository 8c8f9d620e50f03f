// tc_endpoint: container to container of one network, and container to host.
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class EndpointLocalTest : public FamilyTest {
 protected:
  EndpointLocalTest() : FamilyTest("tc_endpoint") {}
  Ip ip_to(const Addr& dst, std::uint8_t ttl = 64) const {
    return {.src = a(), .dst = dst, .ttl = ttl};
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointLocalTest);

TEST_P(EndpointLocalTest, EveryTransportReachesTheNeighbourUnchanged) {
  const Packet all[] = {packet(between(kA, kB), ip_to(b()), Udp{}, payload(9)),
                        packet(between(kA, kB), ip_to(b()), Udp{.checksum = false}),
                        packet(between(kA, kB), ip_to(b()), Tcp{.options = {1, 1, 1}}),
                        packet(between(kA, kB), ip_to(b()), Sctp{}, payload(20)),
                        packet(between(kA, kB), ip_to(b()), Echo{}, payload(56)),
                        packet(between(kA, kB), ip_to(b()), Echo{.reply = true}),
                        packet(between(kA, kB), ip_to(b()), payload(30)),
                        packet(between(kA, kB), ip_to(b()))};
  for (const Packet& in : all) EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_LOCAL, in));
}

// The container's own ARP entry may be stale or set by hand; the address decides.
TEST_P(EndpointLocalTest, DestinationMacIsWritten) {
  EXPECT_EQ(from(kA, packet(by_gateway(kA), ip_to(b()), Udp{})),
            redirected(FL_FORWARD_LOCAL, packet(between(kA, kB), ip_to(b()), Udp{})));
}

TEST_P(EndpointLocalTest, TtlOneStillReachesTheNeighbour) {
  const Packet in = packet(between(kA, kB), ip_to(b(), 1), Udp{});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_LOCAL, in));
}

TEST_P(EndpointLocalTest, FragmentsPass) {
  const auto [first, last] =
      fragments(packet(between(kA, kB), ip_to(b()), Udp{}, payload(64)), 32, 7);

  EXPECT_EQ(from(kA, first), redirected(FL_FORWARD_LOCAL, first));
  EXPECT_EQ(from(kA, last), redirected(FL_FORWARD_LOCAL, last));
}

TEST_P(EndpointLocalTest, LargeSegmentsPass) {
  const Packet in = packet(between(kA, kB), ip_to(b()), Tcp{}, payload(3000));

  EXPECT_EQ(program().run(in, {.ifindex = kA.ifindex(), .gso_size = 1400}),
            redirected(FL_FORWARD_LOCAL, in));
}

TEST_P(EndpointLocalTest, NatEntriesDoNotTouchNeighbours) {
  fl_nat entry{};
  entry.src = kOutside(GetParam()).raw();
  program().put("fl_nat", flow(IPPROTO_UDP, a(), 1000, b(), 2000), entry);
  const Packet in = packet(between(kA, kB), ip_to(b()), Udp{});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_LOCAL, in));
}

TEST_P(EndpointLocalTest, WithoutIccTheNeighbourIsOutOfReach) {
  set_flags(1, FL_NET_MASQUERADE | FL_NET_NO_ICC);

  EXPECT_EQ(from(kA, packet(between(kA, kB), ip_to(b()), Udp{})), dropped(FL_DROP_ICC));
  EXPECT_EQ(program().drops(1, FL_DROP_ICC).packets, 1U);
}

TEST_P(EndpointLocalTest, InternalNetworkKeepsItsNeighbours) {
  set_flags(1, FL_NET_INTERNAL);
  const Packet in = packet(between(kA, kB), ip_to(b()), Udp{});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_LOCAL, in));
}

TEST_P(EndpointLocalTest, AddressThatNobodyHasIsUnreachable) {
  const Ran got = from(kA, packet(by_gateway(kA), ip_to(of(kNobody)), Udp{}));

  EXPECT_EQ(got.reasons, (Reasons{FL_DROP_NO_SUCH_ADDRESS, FL_FORWARD_ICMP_ERROR}));
}

TEST_P(EndpointLocalTest, ContainerOfAnotherNetworkIsOutOfReach) {
  EXPECT_EQ(from(kA, packet(by_gateway(kA), ip_to(c()), Udp{})), dropped(FL_DROP_ISOLATED));
  EXPECT_EQ(from(kA, packet(by_gateway(kA), ip_to(c()), Echo{})), dropped(FL_DROP_ISOLATED));
}

TEST_P(EndpointLocalTest, PacketToTheGatewayGoesToTheHost) {
  for (const Packet& in : {packet(by_gateway(kA), ip_to(of(kGateway1)), Udp{}),
                           packet(by_gateway(kA), ip_to(of(kGateway1), 1), Tcp{}),
                           packet(by_gateway(kA), ip_to(of(kGateway1)), Sctp{})}) {
    EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_HOST_IN, in));
  }
}

TEST_P(EndpointLocalTest, GatewayMacIsWrittenForTheHost) {
  EXPECT_EQ(from(kA, packet(between(kA, kB), ip_to(of(kGateway1)), Tcp{})),
            redirected(FL_FORWARD_HOST_IN, packet(by_gateway(kA), ip_to(of(kGateway1)), Tcp{})));
}

TEST_P(EndpointLocalTest, InternalNetworkReachesItsGateway) {
  set_flags(1, FL_NET_INTERNAL | FL_NET_NO_ICC);
  const Packet in = packet(by_gateway(kA), ip_to(of(kGateway1)), Tcp{});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_HOST_IN, in));
}

TEST_P(EndpointLocalTest, FragmentsToTheGatewayGoToTheHost) {
  const auto [first, last] =
      fragments(packet(by_gateway(kA), ip_to(of(kGateway1)), Udp{}, payload(64)), 32, 7);

  EXPECT_EQ(from(kA, first), redirected(FL_FORWARD_HOST_IN, first));
  EXPECT_EQ(from(kA, last), redirected(FL_FORWARD_HOST_IN, last));
}

TEST_P(EndpointLocalTest, HostsOwnAddressIsReachedThroughTheHost) {
  const Packet in = packet(by_gateway(kA), ip_to(of(kHost)), Tcp{.dport = 22});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_HOST_IN, in));
}

TEST_P(EndpointLocalTest, InternalNetworkDoesNotReachTheHostsOtherAddresses) {
  set_flags(1, FL_NET_INTERNAL);

  EXPECT_EQ(from(kA, packet(by_gateway(kA), ip_to(of(kHost)), Tcp{.dport = 22})),
            dropped(FL_DROP_INTERNAL));
}

TEST_P(EndpointLocalTest, LoopbackAndUnspecifiedDestinationsAreDropped) {
  for (const Pair& dst : {kLoopback, kAny}) {
    EXPECT_EQ(from(kA, packet(by_gateway(kA), ip_to(of(dst)), Tcp{})), dropped(FL_DROP_MARTIAN))
        << of(dst);
  }
}

TEST_P(EndpointLocalTest, PingOfTheGatewayIsAnswered) {
  const Packet in =
      packet(by_gateway(kA), ip_to(of(kGateway1)), Echo{.id = 77, .seq = 5}, payload(56));
  const Packet out = packet(gateway_to(kA), Ip{.src = of(kGateway1), .dst = a()},
                            Echo{.id = 77, .seq = 5, .reply = true}, payload(56));

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_ECHO, out));
}

TEST_P(EndpointLocalTest, PingOfTheGatewayIsAnsweredWithoutIccAndInside) {
  set_flags(1, FL_NET_INTERNAL | FL_NET_NO_ICC);
  const Packet in = packet(by_gateway(kA), ip_to(of(kGateway1)), Echo{}, payload(9));

  EXPECT_EQ(from(kA, in).reasons, Reasons{FL_FORWARD_ECHO});
}

class EndpointOptionsTest : public WorldTest {
 protected:
  EndpointOptionsTest() : WorldTest("tc_endpoint") {}
};

TEST_F(EndpointOptionsTest, Ipv4OptionsPass) {
  const Packet in =
      packet(between(kA, kB),
             Ipv4{.src = kA.addr4, .dst = kB.addr4, .options = {7, 7, 4, 0, 0, 0, 0}}, Udp{});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_LOCAL, in));
}

TEST_F(EndpointOptionsTest, ExtensionHeadersPass) {
  const Packet in =
      packet(between(kA, kB), Ipv6{.src = kA.addr6, .dst = kB.addr6}, Extension{.type = 0},
             Extension{.type = 60, .body = payload(20).bytes}, Fragment6{.more = false}, Tcp{});

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_LOCAL, in));
}

TEST_F(EndpointOptionsTest, LinkLocalAddressOfNobodyIsDropped) {
  const Packet in =
      packet(by_gateway(kA), Ipv6{.src = kA.mac.link_local(), .dst = "fe80::99"}, Udp{});

  EXPECT_TRUE(from(kA, in).reasons.contains(FL_DROP_NO_SUCH_ADDRESS));
}

TEST_F(EndpointOptionsTest, PingOfTheGatewaysLinkLocalAddressIsAnswered) {
  const Addr ll = kA.mac.link_local();
  const Addr gateway = kGatewayMac.link_local();

  EXPECT_EQ(from(kA, packet(by_gateway(kA), Ipv6{.src = ll, .dst = gateway}, Echo{})),
            redirected(FL_FORWARD_ECHO, packet(gateway_to(kA), Ipv6{.src = gateway, .dst = ll},
                                               Echo{.reply = true})));
}

TEST_F(EndpointOptionsTest, PingWithIpOptionsIsAnsweredOrLeftToTheHost) {
  const Packet in =
      packet(by_gateway(kA),
             Ipv4{.src = kA.addr4, .dst = kGateway1.v4, .options = {7, 7, 4, 0, 0, 0, 0}}, Echo{});

  const Ran got = from(kA, in);

  EXPECT_EQ(got.action, kRedirect);
  if (got.reasons == Reasons{FL_FORWARD_HOST_IN}) {
    EXPECT_EQ(got.packet, in);
  }
}

}  // namespace
}  // namespace fairlead::test
