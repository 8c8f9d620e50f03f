// tc_uplink: answers to flows that containers began.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = kNatFirst + 7;

class UplinkReplyTest : public FamilyTest {
 protected:
  UplinkReplyTest() : FamilyTest("tc_uplink") {}

  // As if A had sent from port 5353 to port 53 of kOutside.
  void make_flow(std::uint8_t proto, std::uint16_t outside_port, fl_nat_kind kind,
                 const Addr& seen_as, std::uint16_t seen_port) {
    fl_nat back{};
    back.src = of(kOutside).raw();
    back.dst = a().raw();
    back.sport = htons(outside_port);
    back.dport = htons(5353);
    back.kind = static_cast<std::uint8_t>(kind);
    back.flags = FL_NAT_REPLY;
    back.network = kA.network;
    back.ifindex = back.endpoint = kA.ifindex();
    if (outside_port == seen_port) back.sport = back.dport;  // ICMP: one identifier for both
    program().put("fl_nat", flow(proto, of(kOutside), outside_port, seen_as, seen_port), back);
  }
  void masqueraded(std::uint8_t proto, std::uint16_t outside_port = 53) {
    make_flow(proto, outside_port, FL_NAT_MASQUERADE, of(kHost), kPort);
  }
  Ip answering(std::uint8_t ttl = 64) const {
    return {.src = of(kOutside), .dst = of(kHost), .ttl = ttl};
  }
  Ip delivered() const { return {.src = of(kOutside), .dst = a(), .ttl = 63}; }
  std::uint8_t icmp() const { return icmp_proto(GetParam()); }
};
FAIRLEAD_BOTH_FAMILIES(UplinkReplyTest);

TEST_P(UplinkReplyTest, UdpAnswerReachesTheContainer) {
  masqueraded(IPPROTO_UDP);

  EXPECT_EQ(from_uplink(
                packet(from_router(), answering(), Udp{.sport = 53, .dport = kPort}, payload(21))),
            redirected(
                FL_FORWARD_MASQUERADE_REPLY,
                packet(gateway_to(kA), delivered(), Udp{.sport = 53, .dport = 5353}, payload(21))));
}

TEST_P(UplinkReplyTest, TcpAnswerReachesTheContainer) {
  masqueraded(IPPROTO_TCP);
  const auto tcp = [](std::uint16_t dport) {
    return Tcp{.sport = 53, .dport = dport, .flags = kSyn | kAck, .options = {2, 4, 5, 0xb4}};
  };

  EXPECT_EQ(
      from_uplink(packet(from_router(), answering(), tcp(kPort))),
      redirected(FL_FORWARD_MASQUERADE_REPLY, packet(gateway_to(kA), delivered(), tcp(5353))));
}

TEST_P(UplinkReplyTest, PingAnswerReachesTheContainer) {
  masqueraded(icmp(), kPort);

  EXPECT_EQ(from_uplink(
                packet(from_router(), answering(), Echo{.id = kPort, .reply = true}, payload(56))),
            redirected(
                FL_FORWARD_MASQUERADE_REPLY,
                packet(gateway_to(kA), delivered(), Echo{.id = 5353, .reply = true}, payload(56))));
}

TEST_P(UplinkReplyTest, FragmentsOfAnAnswerReachTheContainer) {
  masqueraded(IPPROTO_UDP);
  const auto cut = [&](const Eth& eth, const Ip& ip, std::uint16_t dport) {
    return fragments(packet(eth, ip, Udp{.sport = 53, .dport = dport}, payload(64)), 32, 7);
  };
  const auto in = cut(from_router(), answering(), kPort);
  const auto out = cut(gateway_to(kA), delivered(), 5353);

  EXPECT_EQ(from_uplink(in.first), redirected(FL_FORWARD_MASQUERADE_REPLY, out.first));
  EXPECT_EQ(from_uplink(in.second), redirected(FL_FORWARD_MASQUERADE_REPLY, out.second));
}

TEST_P(UplinkReplyTest, AnswerKeepsTheFlowAlive) {
  masqueraded(IPPROTO_UDP);
  from_uplink(packet(from_router(), answering(), Udp{.sport = 53, .dport = kPort}));

  const auto entry = nat(flow(IPPROTO_UDP, of(kOutside), 53, of(kHost), kPort));
  EXPECT_EQ(entry->flags, FL_NAT_REPLY | FL_NAT_SEEN);
  EXPECT_NE(entry->last_seen, 0U);
}

TEST_P(UplinkReplyTest, AnswerForAContainerThatIsGoneIsNotDelivered) {
  masqueraded(IPPROTO_UDP);
  program().erase("fl_endpoints", kA.ifindex());

  EXPECT_NE(
      from_uplink(packet(from_router(), answering(), Udp{.sport = 53, .dport = kPort})).action,
      kRedirect);
}

TEST_P(UplinkReplyTest, AnswerOnItsLastHopIsNotDelivered) {
  masqueraded(IPPROTO_UDP);

  EXPECT_TRUE(from_uplink(packet(from_router(), answering(1), Udp{.sport = 53, .dport = kPort}))
                  .reasons.contains(FL_DROP_TTL));
}

TEST_P(UplinkReplyTest, AnswerFromAnotherAddressOrPortIsLeftToTheHost) {
  masqueraded(IPPROTO_UDP);

  for (const Packet& in : {packet(from_router(), answering(), Udp{.sport = 54, .dport = kPort}),
                           packet(from_router(), Ip{.src = of(kLan), .dst = of(kHost)},
                                  Udp{.sport = 53, .dport = kPort}),
                           packet(from_router(), answering(), Tcp{.sport = 53, .dport = kPort})}) {
    EXPECT_EQ(from_uplink(in), left_alone(in));
  }
}

TEST_P(UplinkReplyTest, EchoRequestWithAMasqueradedIdentifierIsTheHosts) {
  masqueraded(icmp(), kPort);
  const Packet in = packet(from_router(), answering(), Echo{.id = kPort});

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

TEST_P(UplinkReplyTest, ChecksumsAreRightWithoutTheIpv6Flag) {
  fl_config old_kernel = config();
  old_kernel.csum_ipv6 = 0;
  reload(old_kernel);
  masqueraded(IPPROTO_UDP);
  masqueraded(icmp(), kPort);

  EXPECT_EQ(
      from_uplink(packet(from_router(), answering(), Udp{.sport = 53, .dport = kPort}, payload(5))),
      redirected(FL_FORWARD_MASQUERADE_REPLY,
                 packet(gateway_to(kA), delivered(), Udp{.sport = 53, .dport = 5353}, payload(5))));
  EXPECT_EQ(
      from_uplink(packet(from_router(), answering(), Echo{.id = kPort, .reply = true}, payload(5))),
      redirected(FL_FORWARD_MASQUERADE_REPLY,
                 packet(gateway_to(kA), delivered(), Echo{.id = 5353, .reply = true}, payload(5))));
}

// The entry of the other direction, met by a packet that claims to come from the container.
TEST_P(UplinkReplyTest, ForgedPacketOfAContainersOwnDirectionIsLeftAlone) {
  fl_nat out{};
  out.src = of(kHost).raw();
  out.dst = of(kOutside).raw();
  out.sport = htons(kPort);
  out.dport = htons(kNatFirst);
  out.kind = FL_NAT_MASQUERADE;
  out.network = kA.network;
  out.endpoint = kA.ifindex();
  program().put("fl_nat", flow(IPPROTO_UDP, a(), 5353, of(kOutside), kNatFirst), out);
  const Packet in = packet(from_router(), Ip{.src = a(), .dst = of(kOutside)},
                           Udp{.sport = 5353, .dport = kNatFirst});

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

// Networks without masquerade: addresses are kept, and only answers come in.
class UplinkRoutedTest : public UplinkReplyTest {
 protected:
  void SetUp() override {
    UplinkReplyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    program().put("fl_port_bits", std::uint32_t{0},
                  fl_port_bits{.flags = FL_PORT_ROUTED, .first = {}, .pad = 0});
  }
  Ip straight() const { return {.src = of(kOutside), .dst = a()}; }
};
FAIRLEAD_BOTH_FAMILIES(UplinkRoutedTest);

TEST_P(UplinkRoutedTest, AnswerReachesTheContainer) {
  make_flow(IPPROTO_TCP, 80, FL_NAT_ROUTED, a(), 5353);
  const Tcp answer{.sport = 80, .dport = 5353, .flags = kSyn | kAck};

  const Ran got = from_uplink(packet(from_router(), straight(), answer));

  EXPECT_EQ(got.action, kRedirect);
  EXPECT_EQ(got.packet, packet(gateway_to(kA), delivered(), answer));
}

TEST_P(UplinkRoutedTest, NewFlowStraightToAContainerIsDropped) {
  const Packet in = packet(from_router(), straight(), Tcp{.sport = 80, .dport = 5353});

  EXPECT_EQ(from_uplink(in), dropped(FL_DROP_DIRECT));
}

TEST_P(UplinkRoutedTest, HostTrafficIsStillLeftAlone) {
  const Packet in = packet(from_router(), answering(), Tcp{.dport = 22});

  EXPECT_EQ(from_uplink(in), left_alone(in));
}

}  // namespace
}  // namespace fairlead::test
