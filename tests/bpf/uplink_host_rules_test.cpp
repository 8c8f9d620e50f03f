// tc_uplink: published ports whose first packets pass the host's own forward rules.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class UplinkHostRulesTest : public FamilyTest {
 protected:
  UplinkHostRulesTest() : FamilyTest("tc_uplink") {}
  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    use(1);
  }
  void use(std::uint8_t host_rules) {
    fl_config asking = config();
    asking.host_rules = host_rules;
    reload(asking);
    for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP})
      publish(of(kAny), 8080, proto, kA, 80, GetParam());
  }

  Packet request(const Layer& l4) const {
    return build({from_router(), Ip{.src = of(kOutside), .dst = of(kHost)}, l4, payload(21)});
  }
  // For the host to forward: still addressed to it, with all its hops.
  Packet for_the_rules(const Layer& l4) const {
    return build({from_router(), Ip{.src = of(kOutside), .dst = a()}, l4, payload(21)});
  }
  Packet delivered(const Layer& l4) const {
    return build({gateway_to(kA), Ip{.src = of(kOutside), .dst = a(), .ttl = 63}, l4, payload(21)});
  }
  static Tcp tcp(std::uint16_t dport, std::uint8_t flags = kSyn) {
    return {.sport = 6000, .dport = dport, .flags = flags};
  }

  fl_flow there() const { return flow(IPPROTO_TCP, of(kOutside), 6000, of(kHost), 8080); }
  fl_flow back() const { return flow(IPPROTO_TCP, a(), 80, of(kOutside), 6000); }
  bool waits(const fl_flow& key) { return (nat(key).value().flags & FL_NAT_WAITS) != 0; }
  // As tc_host does when the rules have let a packet pass.
  void let_in() {
    for (const fl_flow& key : {there(), back()}) {
      fl_nat entry = nat(key).value();
      entry.flags &= static_cast<std::uint8_t>(~FL_NAT_WAITS);
      program().put("fl_nat", key, entry);
    }
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkHostRulesTest);

TEST_P(UplinkHostRulesTest, FirstPacketIsLeftToTheHostUnderTheContainersAddress) {
  EXPECT_EQ(from_uplink(request(tcp(8080))),
            left_alone(for_the_rules(tcp(80)), FL_PUNT_HOST_RULES));
  const Udp udp{.sport = 6000, .dport = 8080};
  EXPECT_EQ(from_uplink(request(udp)),
            left_alone(for_the_rules(Udp{.sport = 6000, .dport = 80}), FL_PUNT_HOST_RULES));
  EXPECT_TRUE(waits(there()) && waits(back()));
}

TEST_P(UplinkHostRulesTest, RetransmissionAsksTheRulesAgain) {
  for (int attempt = 0; attempt < 3; attempt++)
    EXPECT_EQ(from_uplink(request(tcp(8080))),
              left_alone(for_the_rules(tcp(80)), FL_PUNT_HOST_RULES));
}

TEST_P(UplinkHostRulesTest, WhatTheRulesHaveLetPassGoesTheShortWay) {
  from_uplink(request(tcp(8080)));
  let_in();

  EXPECT_EQ(from_uplink(request(tcp(8080, kAck))),
            redirected(FL_FORWARD_PUBLISHED, delivered(tcp(80, kAck))));
}

TEST_P(UplinkHostRulesTest, NextConnectionFromTheSamePortAsksTheRules) {
  from_uplink(request(tcp(8080)));
  let_in();
  from_uplink(request(tcp(8080, kFin | kAck)));

  EXPECT_EQ(from_uplink(request(tcp(8080))),
            left_alone(for_the_rules(tcp(80)), FL_PUNT_HOST_RULES));
  EXPECT_TRUE(waits(there()) && waits(back()));
}

TEST_P(UplinkHostRulesTest, SynThatComesTwiceDoesNotAskAgain) {
  from_uplink(request(tcp(8080)));
  let_in();

  EXPECT_EQ(from_uplink(request(tcp(8080))), redirected(FL_FORWARD_PUBLISHED, delivered(tcp(80))));
}

TEST_P(UplinkHostRulesTest, FragmentsAskTogether) {
  const auto cut = [&](const Addr& to, std::uint16_t dport) {
    return fragments(packet(from_router(), Ip{.src = of(kOutside), .dst = to},
                            Udp{.sport = 6000, .dport = dport}, payload(64)),
                     32, 7);
  };
  const auto in = cut(of(kHost), 8080);
  const auto out = cut(a(), 80);

  EXPECT_EQ(from_uplink(in.first), left_alone(out.first, FL_PUNT_HOST_RULES));
  EXPECT_EQ(from_uplink(in.second), left_alone(out.second, FL_PUNT_HOST_RULES));
}

// The rules would see an IPv4 packet from the gateway.
TEST_P(UplinkHostRulesTest, PortThatLeadsToTheOtherFamilyIsDropped) {
  if (v4()) return;
  publish(of(kAny), 8081, IPPROTO_TCP, kA, 80, Family::v4);

  EXPECT_EQ(from_uplink(request(tcp(8081))), dropped(FL_DROP_HOST_RULES));
}

TEST_P(UplinkHostRulesTest, FlowThatWaitedBeforeTheModeWasTurnedOffGoesTheShortWay) {
  from_uplink(request(tcp(8080)));
  const fl_nat entry = nat(there()).value();
  use(0);
  program().put("fl_nat", there(), entry);

  EXPECT_EQ(from_uplink(request(tcp(8080))), redirected(FL_FORWARD_PUBLISHED, delivered(tcp(80))));
}

}  // namespace
}  // namespace fairlead::test
