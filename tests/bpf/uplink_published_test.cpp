// tc_uplink: a client outside reaches a published port. The first packet makes both NAT entries.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class UplinkPublishedTest : public FamilyTest {
 protected:
  UplinkPublishedTest() : FamilyTest("tc_uplink") {}

  static Tcp from_client(std::uint16_t dport, std::uint8_t flags = kSyn) {
    return {.sport = 6000, .dport = dport, .flags = flags};
  }
  Packet request(std::uint16_t dport = 8080, std::uint8_t flags = kSyn) const {
    return packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost)},
                  from_client(dport, flags));
  }
  Packet request_at(const Endpoint& x, std::uint8_t flags = kSyn) const {
    return packet(gateway_to(x), Ip{.src = of(kOutside), .dst = x.addr(GetParam()), .ttl = 63},
                  from_client(80, flags));
  }
  void publish_any(const Endpoint& to, std::uint8_t proto = IPPROTO_TCP,
                   std::uint16_t port = 8080) {
    publish(of(kAny), port, proto, to, 80, GetParam());
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkPublishedTest);

TEST_P(UplinkPublishedTest, TcpReachesTheContainerWithTheClientsAddress) {
  publish_any(kA);

  EXPECT_EQ(from_uplink(request()), redirected(FL_FORWARD_PUBLISHED, request_at(kA)));
}

TEST_P(UplinkPublishedTest, UdpReachesTheContainer) {
  publish_any(kA, IPPROTO_UDP, 53);

  EXPECT_EQ(from_uplink(packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost)},
                               Udp{.sport = 6000, .dport = 53}, payload(31))),
            redirected(FL_FORWARD_PUBLISHED,
                       packet(gateway_to(kA), Ip{.src = of(kOutside), .dst = a(), .ttl = 63},
                              Udp{.sport = 6000, .dport = 80}, payload(31))));
}

// Run without the kernel's own sum over the packet: nothing in the packet makes up for the port,
// and a receiver takes a zero for "do not look" (udp4_csum_init()).
TEST_P(UplinkPublishedTest, UdpWithoutChecksumStaysWithout) {
  if (!v4()) return;  // IPv6 has no UDP without one (RFC 8200 8.1)
  publish_any(kA, IPPROTO_UDP, 53);
  const Packet in = packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost)},
                           Udp{.sport = 6000, .dport = 53, .checksum = false});

  EXPECT_EQ(program().run(in, {.ifindex = uplink(), .ingress_ifindex = uplink()}),
            redirected(FL_FORWARD_PUBLISHED,
                       packet(gateway_to(kA), Ip{.src = of(kOutside), .dst = a(), .ttl = 63},
                              Udp{.sport = 6000, .dport = 80, .checksum = false})));
}

TEST_P(UplinkPublishedTest, FirstPacketMakesBothEntries) {
  publish_any(kA);
  from_uplink(request());

  const auto there = nat(flow(IPPROTO_TCP, of(kOutside), 6000, of(kHost), 8080));
  const auto back = nat(flow(IPPROTO_TCP, a(), 80, of(kOutside), 6000));
  ASSERT_TRUE(there && back);
  EXPECT_EQ(Addr(there->src), of(kOutside));
  EXPECT_EQ(Addr(there->dst), a());
  EXPECT_EQ(ntohs(there->dport), 80);
  EXPECT_EQ(there->ifindex, kA.ifindex());
  EXPECT_EQ(there->flags & FL_NAT_REPLY, 0);
  EXPECT_EQ(Addr(back->src), of(kHost));
  EXPECT_EQ(ntohs(back->sport), 8080);
  EXPECT_EQ(Addr(back->dst), of(kOutside));
  EXPECT_EQ(back->ifindex, 0U);
  EXPECT_EQ(back->flags & FL_NAT_REPLY, FL_NAT_REPLY);
  for (const auto& entry : {*there, *back}) {
    EXPECT_EQ(entry.kind, FL_NAT_PUBLISHED);
    EXPECT_EQ(entry.endpoint, kA.ifindex());
    EXPECT_EQ(entry.network, kA.network);
    EXPECT_NE(entry.last_seen, 0U);
  }
}

TEST_P(UplinkPublishedTest, LaterPacketsFollowTheEntryAfterThePortIsWithdrawn) {
  publish_any(kA);
  from_uplink(request());
  program().clear<fl_port_key>("fl_ports");

  EXPECT_EQ(from_uplink(request(8080, kAck)),
            redirected(FL_FORWARD_PUBLISHED, request_at(kA, kAck)));
}

TEST_P(UplinkPublishedTest, FragmentsReachTheContainer) {
  publish_any(kA, IPPROTO_UDP, 53);
  const auto cut = [&](const Eth& eth, const Ip& ip, std::uint16_t dport) {
    return fragments(packet(eth, ip, Udp{.sport = 6000, .dport = dport}, payload(64)), 32, 7);
  };
  const auto in = cut(from_router(), {.src = of(kOutside), .dst = of(kHost)}, 53);
  const auto out = cut(gateway_to(kA), {.src = of(kOutside), .dst = a(), .ttl = 63}, 80);

  EXPECT_EQ(from_uplink(in.first), redirected(FL_FORWARD_PUBLISHED, out.first));
  EXPECT_EQ(from_uplink(in.second), redirected(FL_FORWARD_PUBLISHED, out.second));
}

TEST_P(UplinkPublishedTest, ExactAddressWinsOverAny) {
  publish_any(kA);
  publish(of(kHost), 8080, IPPROTO_TCP, kC, 80, GetParam());

  EXPECT_EQ(from_uplink(request()), redirected(FL_FORWARD_PUBLISHED, request_at(kC)));
}

TEST_P(UplinkPublishedTest, PortPublishedOnAnotherAddressIsLeftToTheHost) {
  publish(of(kLoopback), 8080, IPPROTO_TCP, kA, 80, GetParam());

  EXPECT_EQ(from_uplink(request()), left_alone(request()));
}

TEST_P(UplinkPublishedTest, PortPublishedForAnotherProtocolIsLeftToTheHost) {
  publish_any(kA, IPPROTO_UDP);

  EXPECT_EQ(from_uplink(request()), left_alone(request()));
}

// A packet that the host would route onward is not the host's port.
TEST_P(UplinkPublishedTest, AddressThatIsNotTheHostsIsLeftAlone) {
  publish_any(kA);
  const Packet in =
      packet(from_router(), Ip{.src = of(kOutside), .dst = of(kLan)}, from_client(8080));

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

TEST_P(UplinkPublishedTest, ContainerThatIsGoneIsNotSentTo) {
  publish_any(kA);
  program().erase("fl_endpoints", kA.ifindex());

  EXPECT_NE(from_uplink(request()).action, kRedirect);
}

TEST_P(UplinkPublishedTest, LoopbackDestinationFromTheWireIsDropped) {
  publish_any(kA);
  const Packet in =
      packet(from_router(), Ip{.src = of(kOutside), .dst = of(kLoopback)}, from_client(8080));

  EXPECT_EQ(from_uplink(in), dropped(FL_DROP_MARTIAN));
}

TEST_P(UplinkPublishedTest, SourceThatCannotBeOnTheWireIsDropped) {
  publish_any(kA);
  const std::vector<Addr> sources =
      v4() ? std::vector<Addr>{"127.0.0.1", "224.0.0.1", "255.255.255.255"}
           : std::vector<Addr>{"::1", "ff02::1"};
  for (const Addr& src : sources) {
    const Packet in = packet(from_router(), Ip{.src = src, .dst = of(kHost)}, from_client(8080));

    EXPECT_EQ(from_uplink(in), dropped(FL_DROP_MARTIAN)) << src;
  }
}

TEST_P(UplinkPublishedTest, SourceThatIsTheHostsOrAContainersIsForged) {
  publish_any(kA);
  for (const Addr& src : {of(kHost), of(kGateway1), b(), c(), of(kNobody)}) {
    const Packet in = packet(from_router(), Ip{.src = src, .dst = of(kHost)}, from_client(8080));

    EXPECT_EQ(from_uplink(in), dropped(FL_DROP_MARTIAN)) << src;
  }
}

// The host-side device's number may be used again; the address tells whose the flow is.
TEST_P(UplinkPublishedTest, FlowOfAContainerThatGaveWayToAnotherIsNotDelivered) {
  publish_any(kA);
  from_uplink(request());
  Endpoint other = kA;
  other.addr4 = "10.77.1.77";
  other.addr6 = "2001:db8:77:1::77";
  put_endpoint(other, FL_NET_MASQUERADE);

  EXPECT_NE(from_uplink(request(8080, kAck)).action, kRedirect);
}

TEST_P(UplinkPublishedTest, ConnectionOpenedAnewIsNoLongerClosed) {
  publish_any(kA);
  const fl_flow key = flow(IPPROTO_TCP, of(kOutside), 6000, of(kHost), 8080);
  from_uplink(request(8080, kSyn));
  from_uplink(request(8080, kFin | kAck));
  from_uplink(request(8080, kSyn));

  EXPECT_EQ(nat(key)->flags & (FL_NAT_FIN | FL_NAT_RST), 0);
}

// Kernels without BPF_F_IPV6: the packet and the network card's sum over it must come out right
// all the same.
TEST_P(UplinkPublishedTest, ChecksumsAreRightWithoutTheIpv6Flag) {
  fl_config old_kernel = config();
  old_kernel.csum_ipv6 = 0;
  reload(old_kernel);
  publish_any(kA);

  EXPECT_EQ(from_uplink(request()), redirected(FL_FORWARD_PUBLISHED, request_at(kA)));
}

TEST_P(UplinkPublishedTest, LastHopIsNotDelivered) {
  publish_any(kA);
  const Packet in =
      packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost), .ttl = 1}, from_client(8080));

  const Ran got = from_uplink(in);

  EXPECT_TRUE(got.reasons.contains(FL_DROP_TTL));
}

// One container port published twice, and a client that uses one source port for both: the
// answers could not be told apart.
TEST_P(UplinkPublishedTest, FlowsThatCouldNotBeToldApartCollide) {
  publish_any(kA);
  publish_any(kA, IPPROTO_TCP, 8081);
  from_uplink(request(8080));

  EXPECT_EQ(from_uplink(request(8081)), dropped(FL_DROP_NAT_COLLISION));
  EXPECT_EQ(from_uplink(request(8080)), redirected(FL_FORWARD_PUBLISHED, request_at(kA)));
}

TEST_P(UplinkPublishedTest, ClosedFlowGivesWay) {
  publish_any(kA);
  publish_any(kA, IPPROTO_TCP, 8081);
  from_uplink(request(8080));
  const fl_flow back_key = flow(IPPROTO_TCP, a(), 80, of(kOutside), 6000);
  auto back = *nat(back_key);
  back.flags |= FL_NAT_RST;
  program().put("fl_nat", back_key, back);

  EXPECT_EQ(from_uplink(request(8081)), redirected(FL_FORWARD_PUBLISHED, request_at(kA)));
  EXPECT_EQ(ntohs(nat(back_key)->sport), 8081);
}

TEST_P(UplinkPublishedTest, IdleFlowGivesWay) {
  publish_any(kA);
  publish_any(kA, IPPROTO_TCP, 8081);
  from_uplink(request(8080));
  const fl_flow back_key = flow(IPPROTO_TCP, a(), 80, of(kOutside), 6000);
  auto back = *nat(back_key);
  constexpr std::uint64_t kLongerThanAMinute = 61ULL * 1000 * 1000 * 1000;
  if (back.last_seen < kLongerThanAMinute) GTEST_SKIP() << "the machine is up for too short";
  back.last_seen -= kLongerThanAMinute;
  program().put("fl_nat", back_key, back);

  EXPECT_EQ(from_uplink(request(8081)), redirected(FL_FORWARD_PUBLISHED, request_at(kA)));
}

TEST_P(UplinkPublishedTest, FinAndResetAreRemembered) {
  publish_any(kA);
  const fl_flow key = flow(IPPROTO_TCP, of(kOutside), 6000, of(kHost), 8080);

  from_uplink(request());
  EXPECT_EQ(nat(key)->flags & (FL_NAT_FIN | FL_NAT_RST), 0);
  from_uplink(request(8080, kFin | kAck));
  EXPECT_EQ(nat(key)->flags & (FL_NAT_FIN | FL_NAT_RST), FL_NAT_FIN);
  from_uplink(request(8080, kRst));
  EXPECT_EQ(nat(key)->flags & FL_NAT_RST, FL_NAT_RST);
}

}  // namespace
}  // namespace fairlead::test
