// tc_endpoint: published ports as containers see them: reaching one through the host's address
// (hairpin), and answering a client of one.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kOnePort = 40500;  // the whole masquerade range of most tests here

class EndpointPublishedTest : public FamilyTest {
 protected:
  EndpointPublishedTest() : FamilyTest("tc_endpoint") {}

  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    fl_config one_port = config();
    one_port.nat_port_first = one_port.nat_port_last = kOnePort;
    reload(one_port);
  }
  Pair gateway_of(const Endpoint& e) const { return e.network == 1 ? kGateway1 : kGateway2; }

  Packet request(const Addr& host, std::uint16_t port = 8080) const {
    return packet(by_gateway(kA), Ip{.src = a(), .dst = host}, Tcp{.sport = 5000, .dport = port});
  }
  // What the container behind the published port gets.
  Packet request_at(const Endpoint& x) const {
    return packet(gateway_to(x), Ip{.src = of(gateway_of(x)), .dst = x.addr(GetParam())},
                  Tcp{.sport = kOnePort, .dport = 80});
  }
  Packet answer_of(const Endpoint& x) const {
    return packet(by_gateway(x), Ip{.src = x.addr(GetParam()), .dst = of(gateway_of(x))},
                  Tcp{.sport = 80, .dport = kOnePort, .flags = kSyn | kAck});
  }
  Packet answer_at_a(const Addr& host) const {
    return packet(gateway_to(kA), Ip{.src = host, .dst = a()},
                  Tcp{.sport = 8080, .dport = 5000, .flags = kSyn | kAck});
  }
  void publish_any(const Endpoint& to, std::uint8_t proto = IPPROTO_TCP,
                   std::uint16_t port = 8080) {
    publish(of(kAny), port, proto, to, 80, GetParam());
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointPublishedTest);

TEST_P(EndpointPublishedTest, NeighbourIsReachedThroughTheHostsAddress) {
  publish_any(kB);

  EXPECT_EQ(from(kA, request(of(kHost))), redirected(FL_FORWARD_HAIRPIN, request_at(kB)));
  EXPECT_EQ(from(kB, answer_of(kB)), redirected(FL_FORWARD_HAIRPIN, answer_at_a(of(kHost))));
}

// As with Docker's bridge, a published port is open to containers of other networks.
TEST_P(EndpointPublishedTest, ContainerOfAnotherNetworkIsReachedThroughTheHostsAddress) {
  publish_any(kC);

  EXPECT_EQ(from(kA, request(of(kHost))), redirected(FL_FORWARD_HAIRPIN, request_at(kC)));
  EXPECT_EQ(from(kC, answer_of(kC)), redirected(FL_FORWARD_HAIRPIN, answer_at_a(of(kHost))));
}

TEST_P(EndpointPublishedTest, ContainerReachesItselfThroughTheHostsAddress) {
  publish_any(kA);

  EXPECT_EQ(from(kA, request(of(kHost))), redirected(FL_FORWARD_HAIRPIN, request_at(kA)));
  EXPECT_EQ(from(kA, answer_of(kA)), redirected(FL_FORWARD_HAIRPIN, answer_at_a(of(kHost))));
}

TEST_P(EndpointPublishedTest, GatewayAddressIsAHostAddressToo) {
  publish_any(kB);

  EXPECT_EQ(from(kA, request(of(kGateway1))), redirected(FL_FORWARD_HAIRPIN, request_at(kB)));
}

TEST_P(EndpointPublishedTest, HairpinMakesBothEntries) {
  publish_any(kC);
  from(kA, request(of(kHost)));

  const auto there = nat(flow(IPPROTO_TCP, a(), 5000, of(kHost), 8080));
  const auto back = nat(flow(IPPROTO_TCP, c(), 80, of(kGateway2), kOnePort));
  ASSERT_TRUE(there && back);
  EXPECT_EQ(there->kind, FL_NAT_HAIRPIN);
  EXPECT_EQ(back->kind, FL_NAT_HAIRPIN);
  EXPECT_EQ(there->ifindex, kC.ifindex());
  EXPECT_EQ(back->ifindex, kA.ifindex());
  EXPECT_EQ(back->flags & FL_NAT_REPLY, FL_NAT_REPLY);
  EXPECT_EQ(Addr(back->src), of(kHost));
  EXPECT_EQ(ntohs(back->sport), 8080);
}

TEST_P(EndpointPublishedTest, LaterPacketsFollowTheEntry) {
  publish_any(kB);
  from(kA, request(of(kHost)));
  program().clear<fl_port_key>("fl_ports");

  EXPECT_EQ(from(kA, request(of(kHost))), redirected(FL_FORWARD_HAIRPIN, request_at(kB)));
}

TEST_P(EndpointPublishedTest, ExactAddressWinsOverAny) {
  publish_any(kB);
  publish(of(kHost), 8080, IPPROTO_TCP, kC, 80, GetParam());

  EXPECT_EQ(from(kA, request(of(kHost))), redirected(FL_FORWARD_HAIRPIN, request_at(kC)));
}

TEST_P(EndpointPublishedTest, PortPublishedOnAnotherAddressGoesToTheHost) {
  publish(of(kLoopback), 8080, IPPROTO_TCP, kB, 80, GetParam());

  EXPECT_EQ(from(kA, request(of(kHost))), redirected(FL_FORWARD_HOST_IN, request(of(kHost))));
}

TEST_P(EndpointPublishedTest, PortPublishedForAnotherProtocolGoesToTheHost) {
  publish_any(kB, IPPROTO_UDP);

  EXPECT_EQ(from(kA, request(of(kHost))), redirected(FL_FORWARD_HOST_IN, request(of(kHost))));
}

TEST_P(EndpointPublishedTest, UdpIsPublishedToo) {
  publish_any(kB, IPPROTO_UDP, 53);
  const Packet in = packet(by_gateway(kA), Ip{.src = a(), .dst = of(kHost)},
                           Udp{.sport = 5000, .dport = 53}, payload(9));

  EXPECT_EQ(from(kA, in), redirected(FL_FORWARD_HAIRPIN,
                                     packet(gateway_to(kB), Ip{.src = of(kGateway1), .dst = b()},
                                            Udp{.sport = kOnePort, .dport = 80}, payload(9))));
}

TEST_P(EndpointPublishedTest, ContainerThatIsGoneIsNotSentTo) {
  publish_any(kB);
  program().erase("fl_endpoints", kB.ifindex());

  EXPECT_EQ(from(kA, request(of(kHost))).action, kDrop);
}

TEST_P(EndpointPublishedTest, InternalNetworkDoesNotReachPublishedPorts) {
  publish_any(kC);
  set_flags(1, FL_NET_INTERNAL);

  EXPECT_EQ(from(kA, request(of(kHost))), dropped(FL_DROP_INTERNAL));
}

TEST_P(EndpointPublishedTest, HairpinWithoutAFreePortIsDropped) {
  publish_any(kB);
  from(kA, request(of(kHost)));
  from(kB, answer_of(kB));
  from(kA, packet(by_gateway(kA), Ip{.src = a(), .dst = of(kHost)},
                  Tcp{.sport = 5000, .dport = 8080, .flags = kAck}));
  const Packet second =
      packet(by_gateway(kA), Ip{.src = a(), .dst = of(kHost)}, Tcp{.sport = 5001, .dport = 8080});

  EXPECT_EQ(from(kA, second), dropped(FL_DROP_NAT_EXHAUSTED));
}

TEST_P(EndpointPublishedTest, AnswerToAClientOutsideLeavesWithTheHostsAddress) {
  fl_nat entry{};
  entry.src = of(kHost).raw();
  entry.dst = of(kOutside).raw();
  entry.sport = htons(8080);
  entry.dport = htons(6000);
  entry.kind = FL_NAT_PUBLISHED;
  entry.flags = FL_NAT_REPLY;
  entry.network = kA.network;
  entry.endpoint = kA.ifindex();
  program().put("fl_nat", flow(IPPROTO_TCP, a(), 80, of(kOutside), 6000), entry);
  const Tcp answer{.sport = 80, .dport = 6000, .flags = kSyn | kAck};
  const Tcp seen{.sport = 8080, .dport = 6000, .flags = kSyn | kAck};

  EXPECT_EQ(
      from(kA, packet(by_gateway(kA), Ip{.src = a(), .dst = of(kOutside)}, answer)),
      redirected(FL_FORWARD_PUBLISHED_REPLY,
                 packet(to_router(), Ip{.src = of(kHost), .dst = of(kOutside), .ttl = 63}, seen)));
}

}  // namespace
}  // namespace fairlead::test
