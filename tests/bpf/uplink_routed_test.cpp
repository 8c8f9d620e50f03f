// tc_uplink: packets from outside to a container's own address, on a routed network and on another.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

// A's network is routed, C's is not.
class UplinkRoutedTest : public FamilyTest {
 protected:
  UplinkRoutedTest() : FamilyTest("tc_uplink") {}
  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    put_world();
  }
  void put_world() {
    set_flags(1, FL_NET_ROUTED);
    program().put("fl_port_bits", std::uint32_t{0},
                  fl_port_bits{.flags = FL_PORT_ROUTED, .first = {}, .pad = 0});
    for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP})
      publish(a(), 80, proto, kA, 80, GetParam());
  }

  Packet to(const Addr& dst, const Layer& l4) const {
    return build({from_router(), Ip{.src = of(kOutside), .dst = dst}, l4, payload(24)});
  }
  Packet arrived(const Layer& l4) const {
    return build({gateway_to(kA), Ip{.src = of(kOutside), .dst = a(), .ttl = 63}, l4, payload(24)});
  }
  static std::vector<Layer> of_every_kind(std::uint16_t port) {
    return {Tcp{.sport = 6000, .dport = port}, Udp{.sport = 6000, .dport = port},
            Sctp{.sport = 6000, .dport = port}};
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkRoutedTest);

TEST_P(UplinkRoutedTest, PublishedPortIsReachedAtTheContainersAddress) {
  for (const Layer& l4 : of_every_kind(80))
    EXPECT_EQ(from_uplink(to(a(), l4)), redirected(FL_FORWARD_PUBLISHED, arrived(l4)));

  const auto back = nat(flow(IPPROTO_TCP, a(), 80, of(kOutside), 6000));
  ASSERT_TRUE(back);
  EXPECT_EQ(Addr(back->src), a());
  EXPECT_EQ(ntohs(back->sport), 80);
  EXPECT_EQ(back->flags & FL_NAT_REPLY, FL_NAT_REPLY);
}

TEST_P(UplinkRoutedTest, ContainerIsPinged) {
  const Echo ping{.id = 77, .seq = 3};

  EXPECT_EQ(from_uplink(to(a(), ping)), redirected(FL_FORWARD_PUBLISHED, arrived(ping)));
  EXPECT_EQ(from_uplink(to(a(), ping)), redirected(FL_FORWARD_PUBLISHED, arrived(ping)));

  const auto back = nat(flow(icmp_proto(GetParam()), a(), 77, of(kOutside), 77));
  ASSERT_TRUE(back);
  EXPECT_EQ(Addr(back->src), a());
  EXPECT_EQ(back->kind, FL_NAT_PUBLISHED);
  EXPECT_EQ(back->endpoint, kA.ifindex());
}

TEST_P(UplinkRoutedTest, LongPingArrivesInFragments) {
  const auto cut = [&](const Eth& eth, std::uint8_t ttl) {
    return fragments(
        packet(eth, Ip{.src = of(kOutside), .dst = a(), .ttl = ttl}, Echo{.id = 77}, payload(64)),
        32, 7);
  };
  const auto in = cut(from_router(), 64);
  const auto out = cut(gateway_to(kA), 63);

  EXPECT_EQ(from_uplink(in.first), redirected(FL_FORWARD_PUBLISHED, out.first));
  EXPECT_EQ(from_uplink(in.second), redirected(FL_FORWARD_PUBLISHED, out.second));
}

TEST_P(UplinkRoutedTest, AllElseStraightFromOutsideIsDropped) {
  for (const Layer& l4 : of_every_kind(81))
    EXPECT_EQ(from_uplink(to(a(), l4)), dropped(FL_DROP_DIRECT));
  for (const Layer& l4 : of_every_kind(80))
    EXPECT_EQ(from_uplink(to(b(), l4)), dropped(FL_DROP_DIRECT)) << "B publishes nothing";
  EXPECT_EQ(from_uplink(to(a(), Echo{.reply = true})), dropped(FL_DROP_DIRECT));
  EXPECT_EQ(from_uplink(packet(from_router(), Ip{.src = of(kOutside), .dst = a()}, payload(30))),
            dropped(FL_DROP_DIRECT));
  EXPECT_EQ(from_uplink(to(of(kNobody), Echo{})), dropped(FL_DROP_DIRECT));
  EXPECT_EQ(program().drops(kA.network, FL_DROP_DIRECT).packets, 1U) << "the last one alone";
}

TEST_P(UplinkRoutedTest, NetworkThatIsNotRoutedIsClosed) {
  EXPECT_EQ(from_uplink(to(c(), Echo{})), dropped(FL_DROP_DIRECT));
  EXPECT_EQ(from_uplink(to(c(), Tcp{.dport = 80})), dropped(FL_DROP_DIRECT));
  set_flags(1, 0);  // masquerade off, and no more than that
  EXPECT_EQ(from_uplink(to(a(), Echo{})), dropped(FL_DROP_DIRECT));
}

TEST_P(UplinkRoutedTest, ForgedPingIsDropped) {
  for (const Addr& src : {of(kHost), b(), c(), of(kLoopback)}) {
    const Packet in = packet(from_router(), Ip{.src = src, .dst = a()}, Echo{});

    EXPECT_EQ(from_uplink(in), dropped(FL_DROP_MARTIAN)) << src;
  }
}

TEST_P(UplinkRoutedTest, ListOfWhoMayReachThePortCountsThereToo) {
  const fl_port_key key{.addr = a().raw(), .port = htons(80), .proto = IPPROTO_TCP, .pad = 0};
  auto port = program().get<fl_port_key, fl_port>("fl_ports", key).value();
  port.list = 7;  // that lets in nobody
  program().put("fl_ports", key, port);

  EXPECT_EQ(from_uplink(to(a(), Tcp{.sport = 6000, .dport = 80})), dropped(FL_DROP_NOT_ALLOWED));
}

TEST_P(UplinkRoutedTest, HostsForwardRulesAreAskedForThemToo) {
  fl_config asking = config();
  asking.host_rules = 1;
  reload(asking);
  put_world();

  for (const Layer& l4 : {Layer(Tcp{.sport = 6000, .dport = 80}), Layer(Echo{.id = 77})})
    EXPECT_EQ(from_uplink(to(a(), l4)), left_alone(to(a(), l4), FL_PUNT_HOST_RULES));
}

// Back out of the container, with the address that it was asked at.
class EndpointRoutedTest : public FamilyTest {
 protected:
  EndpointRoutedTest() : FamilyTest("tc_endpoint") {}
  void put_answer(std::uint8_t proto, std::uint16_t port, std::uint16_t client) {
    set_flags(1, FL_NET_ROUTED);
    program().put("fl_nat", flow(proto, a(), port, of(kOutside), client),
                  fl_nat{.src = a().raw(),
                         .dst = of(kOutside).raw(),
                         .sport = htons(port),
                         .dport = htons(client),
                         .kind = FL_NAT_PUBLISHED,
                         .flags = FL_NAT_REPLY,
                         .network = kA.network,
                         .ifindex = 0,
                         .endpoint = kA.ifindex(),
                         .last_seen = 1});
  }
  Packet answer(const Eth& eth, std::uint8_t ttl, const Layer& l4) const {
    return build({eth, Ip{.src = a(), .dst = of(kOutside), .ttl = ttl}, l4, payload(24)});
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointRoutedTest);

TEST_P(EndpointRoutedTest, AnswerKeepsTheContainersAddress) {
  put_answer(IPPROTO_TCP, 80, 6000);
  const Tcp tcp{.sport = 80, .dport = 6000, .flags = kSyn | kAck};

  EXPECT_EQ(from(kA, answer(by_gateway(kA), 64, tcp)),
            redirected(FL_FORWARD_PUBLISHED_REPLY, answer(to_router(), 63, tcp)));
}

TEST_P(EndpointRoutedTest, AnswerToAPingKeepsTheContainersAddress) {
  put_answer(icmp_proto(GetParam()), 77, 77);
  const Echo pong{.id = 77, .seq = 3, .reply = true};

  EXPECT_EQ(from(kA, answer(by_gateway(kA), 64, pong)),
            redirected(FL_FORWARD_PUBLISHED_REPLY, answer(to_router(), 63, pong)));
}

}  // namespace
}  // namespace fairlead::test
