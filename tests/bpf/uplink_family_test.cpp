// tc_uplink: a client of one family reaches a published port whose container has only the other.
// The test's parameter is the client's family.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "icmp_error.h"
#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kKept = kNatFirst + 100;  // a client's port that is one of ours, and free

class UplinkFamilyTest : public FamilyTest {
 protected:
  UplinkFamilyTest() : FamilyTest("tc_uplink") {}

  Family other() const { return v4() ? Family::v6 : Family::v4; }
  Addr in(const Pair& pair) const { return pair(other()); }
  void publish_any(std::uint8_t proto = IPPROTO_TCP, const Endpoint& to = kA,
                   std::uint16_t to_port = 80) {
    publish(of(kAny), 8080, proto, to, to_port, other());
  }
  Ip from_client() const { return {.src = of(kOutside), .dst = of(kHost)}; }
  Ip to_container() const { return {.src = in(kGateway1), .dst = kA.addr(other()), .ttl = 63}; }
  static Tcp tcp(std::uint16_t dport, std::uint8_t flags = kSyn) {
    return {.sport = kKept, .dport = dport, .flags = flags, .options = {2, 4, 5, 0xa0}};
  }
  Packet request(const Layer& l4, const Bytes& body = {}) const {
    return packet(from_router(), from_client(), l4, body);
  }
  Packet request_at_a(const Layer& l4, const Bytes& body = {}) const {
    return packet(gateway_to(kA), to_container(), l4, body);
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkFamilyTest);

TEST_P(UplinkFamilyTest, TcpReachesTheContainerFromItsGateway) {
  publish_any();

  EXPECT_EQ(from_uplink(request(tcp(8080))),
            redirected(FL_FORWARD_PUBLISHED, request_at_a(tcp(80))));
  EXPECT_EQ(from_uplink(request(tcp(8080, kAck), payload(1200))),
            redirected(FL_FORWARD_PUBLISHED, request_at_a(tcp(80, kAck), payload(1200))));
}

TEST_P(UplinkFamilyTest, DatagramsOfEverySizeReachTheContainer) {
  publish_any(IPPROTO_UDP);
  for (const std::size_t size : {0, 1, 2, 3, 31, 512, 1399, 1400, 1452, 3001}) {
    EXPECT_EQ(from_uplink(request(Udp{.sport = kKept, .dport = 8080}, payload(size))),
              redirected(FL_FORWARD_PUBLISHED,
                         request_at_a(Udp{.sport = kKept, .dport = 80}, payload(size))))
        << size;
  }
}

// Run also as a network card without a sum over the packet delivers it.
TEST_P(UplinkFamilyTest, PacketWithoutTheCardsSumComesOutRightToo) {
  publish_any();
  publish_any(IPPROTO_UDP);
  for (const auto& [before, after] : {std::pair<Layer, Layer>(tcp(8080), tcp(80)),
                                      std::pair<Layer, Layer>(Udp{.sport = kKept, .dport = 8080},
                                                              Udp{.sport = kKept, .dport = 80})}) {
    EXPECT_EQ(program().run(request(before, payload(77)),
                            {.ifindex = uplink(), .ingress_ifindex = uplink()}),
              redirected(FL_FORWARD_PUBLISHED, request_at_a(after, payload(77))));
  }
}

TEST_P(UplinkFamilyTest, ClientsPortIsReplacedByOneOfOurs) {
  fl_config one_port = config();
  one_port.nat_port_first = one_port.nat_port_last = kKept;
  reload(one_port);
  publish_any();
  const Packet first = packet(from_router(), from_client(), Tcp{.sport = 6000, .dport = 8080});

  EXPECT_EQ(from_uplink(first),
            redirected(FL_FORWARD_PUBLISHED, request_at_a(Tcp{.sport = kKept, .dport = 80})));
  EXPECT_EQ(from_uplink(first),
            redirected(FL_FORWARD_PUBLISHED, request_at_a(Tcp{.sport = kKept, .dport = 80})));
}

TEST_P(UplinkFamilyTest, ClientsWithTheSamePortGetDifferentOnes) {
  publish_any();
  const auto first = from_uplink(request(tcp(8080)));
  const Addr another = v4() ? Addr("198.18.5.6") : Addr("2001:db8:f5::6");
  const auto second =
      from_uplink(packet(from_router(), Ip{.src = another, .dst = of(kHost)}, tcp(8080)));

  EXPECT_EQ(second.reasons, Reasons{FL_FORWARD_PUBLISHED});
  EXPECT_NE(first.packet, second.packet);
}

TEST_P(UplinkFamilyTest, FirstPacketMakesBothEntries) {
  publish_any();
  from_uplink(request(tcp(8080)));

  const auto there = nat(flow(IPPROTO_TCP, of(kOutside), kKept, of(kHost), 8080));
  const auto back = nat(flow(IPPROTO_TCP, kA.addr(other()), 80, in(kGateway1), kKept));
  ASSERT_TRUE(there && back);
  EXPECT_EQ(Addr(there->src), in(kGateway1));
  EXPECT_EQ(Addr(there->dst), kA.addr(other()));
  EXPECT_EQ(Addr(back->src), of(kHost));
  EXPECT_EQ(ntohs(back->sport), 8080);
  EXPECT_EQ(Addr(back->dst), of(kOutside));
  EXPECT_EQ(ntohs(back->dport), kKept);
  EXPECT_EQ(there->kind, FL_NAT_PUBLISHED);
  EXPECT_EQ(back->flags & FL_NAT_REPLY, FL_NAT_REPLY);
}

TEST_P(UplinkFamilyTest, ServiceClassIsKept) {
  publish_any();
  Ip marked = from_client();
  marked.tos = 0xb9;
  Ip wanted = to_container();
  wanted.tos = 0xb9;

  EXPECT_EQ(from_uplink(packet(from_router(), marked, tcp(8080))),
            redirected(FL_FORWARD_PUBLISHED, packet(gateway_to(kA), wanted, tcp(80))));
}

TEST_P(UplinkFamilyTest, FragmentsReachTheContainer) {
  publish_any(IPPROTO_UDP);
  const auto cut = [](const Packet& whole) { return fragments(whole, 32, 7); };
  const auto before = cut(request(Udp{.sport = kKept, .dport = 8080}, payload(65)));
  const auto after = cut(request_at_a(Udp{.sport = kKept, .dport = 80}, payload(65)));

  EXPECT_EQ(from_uplink(before.first), redirected(FL_FORWARD_PUBLISHED, after.first));
  EXPECT_EQ(from_uplink(before.second), redirected(FL_FORWARD_PUBLISHED, after.second));
}

TEST_P(UplinkFamilyTest, ChecksumIsMadeForADatagramWithoutOne) {
  if (!v4()) return;
  publish_any(IPPROTO_UDP);
  for (const std::size_t size : {0, 1, 63, 64, 65, 1400}) {
    const Udp bare{.sport = kKept, .dport = 8080, .checksum = false};
    const Ran want = redirected(FL_FORWARD_PUBLISHED,
                                request_at_a(Udp{.sport = kKept, .dport = 80}, payload(size)));

    EXPECT_EQ(from_uplink(request(bare, payload(size))), want) << size;
    EXPECT_EQ(program().run(request(bare, payload(size)),
                            {.ifindex = uplink(), .ingress_ifindex = uplink()}),
              want)
        << size;
  }
}

TEST_P(UplinkFamilyTest, FragmentOfADatagramWithoutAChecksumIsDropped) {
  if (!v4()) return;
  publish_any(IPPROTO_UDP);
  const auto [first, later] =
      fragments(request(Udp{.sport = kKept, .dport = 8080, .checksum = false}, payload(65)), 32, 7);

  EXPECT_EQ(from_uplink(first), dropped(FL_DROP_FRAGMENT));
}

TEST_P(UplinkFamilyTest, DatagramThatNoIpv6ReceiverTakesIsDropped) {
  if (v4()) return;
  publish_any(IPPROTO_UDP);

  EXPECT_EQ(from_uplink(request(Udp{.sport = kKept, .dport = 8080, .checksum = false})),
            dropped(FL_DROP_NAT_PROTOCOL));
}

TEST_P(UplinkFamilyTest, OptionsOfTheHeaderAreLeftOut) {
  publish_any();
  const Packet with_options =
      v4()
          ? packet(from_router(),
                   Ipv4{.src = of(kOutside), .dst = of(kHost), .options = {1, 1, 1, 1, 7, 3, 4}},
                   tcp(8080), payload(9))
          : packet(from_router(), Ipv6{.src = of(kOutside), .dst = of(kHost)}, Extension{.type = 0},
                   Extension{.type = 60, .body = Buffer(14, 0)}, tcp(8080), payload(9));

  EXPECT_EQ(from_uplink(with_options),
            redirected(FL_FORWARD_PUBLISHED, request_at_a(tcp(80), payload(9))));
}

TEST_P(UplinkFamilyTest, FragmentBehindOptionsReachesTheContainer) {
  if (v4()) return;
  publish_any(IPPROTO_UDP);
  const auto body = payload(65);
  const auto after = fragments(request_at_a(Udp{.sport = kKept, .dport = 80}, body), 32, 0x4567);
  const auto whole = request(Udp{.sport = kKept, .dport = 8080}, body);
  const Buffer l4(whole.bytes.begin() + 14 + 40, whole.bytes.end());
  const auto piece = [&](std::uint16_t from, std::size_t to, bool more) {
    return packet(from_router(), Ipv6{.src = of(kOutside), .dst = of(kHost)}, Extension{.type = 0},
                  Fragment6{.offset = from, .more = more, .id = 0x1234567, .next = IPPROTO_UDP},
                  Bytes{Buffer(l4.begin() + from, l4.begin() + static_cast<long>(to))});
  };

  EXPECT_EQ(from_uplink(piece(0, 32, true)), redirected(FL_FORWARD_PUBLISHED, after.first));
  EXPECT_EQ(from_uplink(piece(32, l4.size(), false)),
            redirected(FL_FORWARD_PUBLISHED, after.second));
}

// Signed, or by a route that has not come to its end: not ours to change (RFC 7915 5.1).
TEST_P(UplinkFamilyTest, HeadersThatForbidTranslationAreObeyed) {
  if (v4()) return;
  publish_any();
  const auto with = [&](const Extension& ext) {
    return packet(from_router(), Ipv6{.src = of(kOutside), .dst = of(kHost)}, ext, tcp(8080));
  };

  EXPECT_EQ(from_uplink(with({.type = 43, .body = {0, 1, 0, 0, 0, 0}})),
            dropped(FL_DROP_NAT_PROTOCOL));
  EXPECT_EQ(from_uplink(with({.type = 43, .body = {0, 0, 0, 0, 0, 0}})),
            redirected(FL_FORWARD_PUBLISHED, request_at_a(tcp(80))));
}

TEST_P(UplinkFamilyTest, LastHopIsNotDelivered) {
  publish_any();
  Ip last = from_client();
  last.ttl = 1;

  EXPECT_TRUE(program()
                  .run(packet(from_router(), last, tcp(8080)),
                       {.ifindex = uplink(), .ingress_ifindex = uplink()})
                  .reasons.contains(FL_DROP_TTL));
}

// Its checksum covers the ports, and cannot be updated.
TEST_P(UplinkFamilyTest, SctpIsTranslatedWithTheClientsPort) {
  publish_any(IPPROTO_SCTP, kA, 8080);
  const Sctp both{.sport = 6000, .dport = 8080};

  EXPECT_EQ(from_uplink(request(both, payload(20))),
            redirected(FL_FORWARD_PUBLISHED, request_at_a(both, payload(20))));
}

TEST_P(UplinkFamilyTest, NetworkWithoutAGatewayOfTheFamilyIsNotReached) {
  publish_any();
  auto network = *program().get<std::uint32_t, fl_network>("fl_networks", 1U);
  network.gateway4 = network.gateway6 = {};
  program().put("fl_networks", 1U, network);

  EXPECT_EQ(from_uplink(request(tcp(8080))), dropped(FL_DROP_NOT_PUBLISHED));
}

// The host's forward rules would see neither the client nor its family.
TEST_P(UplinkFamilyTest, HostRulesThatCannotSeeThePacketShutThePort) {
  fl_config rules = config();
  rules.host_rules = 1;
  reload(rules);
  publish_any();

  EXPECT_EQ(from_uplink(request(tcp(8080))), dropped(FL_DROP_HOST_RULES));
}

}  // namespace
}  // namespace fairlead::test
