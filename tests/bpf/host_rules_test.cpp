// tc_host: packets to published ports that the host's forward rules have let pass.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "own_netns.h"
#include "world.h"

namespace fairlead::test {
namespace {

// The stack writes fl_host's own MAC as source; as destination whatever NOARP gives.
const Eth kByStack{.dst = kGatewayMac, .src = kGatewayMac};

class HostRulesTest : public FamilyTest {
 protected:
  HostRulesTest() : FamilyTest("tc_host") {}
  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    use(1);
  }
  // With host_rules on or off, and the flow of a client that waits for them.
  void use(std::uint8_t host_rules) {
    fl_config asking = config();
    asking.host_rules = host_rules;
    reload(asking);
    for (const std::uint8_t proto : {IPPROTO_TCP, IPPROTO_UDP}) make_flow(proto);
  }
  void make_flow(std::uint8_t proto) {
    fl_nat entry{.src = of(kOutside).raw(),
                 .dst = a().raw(),
                 .sport = htons(6000),
                 .dport = htons(80),
                 .kind = FL_NAT_PUBLISHED,
                 .flags = FL_NAT_WAITS | FL_NAT_SEEN,
                 .network = kA.network,
                 .ifindex = kA.ifindex(),
                 .endpoint = kA.ifindex(),
                 .last_seen = 1};
    program().put("fl_nat", there(proto), entry);
    entry.src = of(kHost).raw();
    entry.dst = of(kOutside).raw();
    entry.sport = htons(8080);
    entry.dport = htons(6000);
    entry.flags = FL_NAT_WAITS | FL_NAT_REPLY;
    entry.ifindex = 0;
    program().put("fl_nat", back(proto), entry);
  }
  fl_flow there(std::uint8_t proto = IPPROTO_TCP) const {
    return flow(proto, of(kOutside), 6000, of(kHost), 8080);
  }
  fl_flow back(std::uint8_t proto = IPPROTO_TCP) const {
    return flow(proto, a(), 80, of(kOutside), 6000);
  }

  Ip ip() const { return {.src = of(kOutside), .dst = a(), .ttl = 63}; }
  Packet forwarded(std::uint16_t sport = 6000) const {
    return packet(kByStack, ip(), Tcp{.sport = sport, .dport = 80, .flags = kSyn});
  }
  Packet delivered() const {
    return packet(gateway_to(kA), ip(), Tcp{.sport = 6000, .dport = 80, .flags = kSyn});
  }
  Ran routed_in(const Packet& packet, std::uint32_t from = uplink()) {
    return program().run(packet, {.ifindex = ifindex_of("fl_host"), .ingress_ifindex = from});
  }
  std::uint8_t flags(const fl_flow& key) { return nat(key).value().flags; }
};
FAIRLEAD_BOTH_FAMILIES(HostRulesTest);

TEST_P(HostRulesTest, PacketThatTheRulesLetPassReachesTheContainerAndEndsTheWaiting) {
  EXPECT_EQ(routed_in(forwarded()), redirected(FL_FORWARD_PUBLISHED, delivered()));
  EXPECT_EQ(flags(there()), FL_NAT_SEEN);
  EXPECT_EQ(flags(back()), FL_NAT_REPLY);
  EXPECT_EQ(flags(back(IPPROTO_UDP)), FL_NAT_REPLY | FL_NAT_WAITS) << "another flow";
}

TEST_P(HostRulesTest, PacketThatWasOnItsWayWhenTheWaitingEndedArrivesToo) {
  routed_in(forwarded());

  EXPECT_EQ(routed_in(forwarded()), redirected(FL_FORWARD_PUBLISHED, delivered()));
}

TEST_P(HostRulesTest, FragmentsFollowTheirFirst) {
  const auto cut = [&](const Eth& eth) {
    return fragments(packet(eth, ip(), Udp{.sport = 6000, .dport = 80}, payload(64)), 32, 7);
  };
  const auto in = cut(kByStack);
  const auto out = cut(gateway_to(kA));

  EXPECT_EQ(routed_in(in.second), dropped(FL_DROP_DIRECT)) << "its first part was not let pass";
  EXPECT_EQ(routed_in(in.first), redirected(FL_FORWARD_PUBLISHED, out.first));
  EXPECT_EQ(routed_in(in.second), redirected(FL_FORWARD_PUBLISHED, out.second));
}

TEST_P(HostRulesTest, PacketOfNoFlowCameStraightAndIsDropped) {
  EXPECT_EQ(routed_in(forwarded(6001)), dropped(FL_DROP_DIRECT));
  EXPECT_EQ(routed_in(packet(kByStack, ip(), Echo{})), dropped(FL_DROP_DIRECT));
  EXPECT_EQ(routed_in(packet(kByStack, Ip{.src = of(kOutside), .dst = b()},
                             Tcp{.sport = 6000, .dport = 80})),
            dropped(FL_DROP_DIRECT));
}

// From outside, a container's own flow to there looks alike.
TEST_P(HostRulesTest, FlowThatAContainerBeganLetsNothingIn) {
  fl_nat entry = nat(back()).value();
  entry.kind = FL_NAT_MASQUERADE;
  entry.flags = 0;
  program().put("fl_nat", back(), entry);

  EXPECT_EQ(routed_in(forwarded()), dropped(FL_DROP_DIRECT));
}

// A neighbour's flow to the published port has the gateway's address, which the wire can forge.
TEST_P(HostRulesTest, FlowOfANeighbourLetsNothingIn) {
  const fl_flow answer = flow(IPPROTO_TCP, a(), 80, of(kGateway1), 6000);
  fl_nat entry = nat(back()).value();
  entry.kind = FL_NAT_HAIRPIN;
  entry.flags = FL_NAT_REPLY;
  program().put("fl_nat", answer, entry);

  EXPECT_EQ(routed_in(packet(kByStack, Ip{.src = of(kGateway1), .dst = a(), .ttl = 63},
                             Tcp{.sport = 6000, .dport = 80})),
            dropped(FL_DROP_DIRECT));
}

TEST_P(HostRulesTest, WhatWasRoutedFromElsewhereIsDropped) {
  EXPECT_EQ(routed_in(forwarded(), ifindex_of("lan0")), dropped(FL_DROP_DIRECT));
}

TEST_P(HostRulesTest, WithoutTheModeNothingIsRoutedIn) {
  use(0);

  EXPECT_EQ(routed_in(forwarded()), dropped(FL_DROP_DIRECT));
  EXPECT_EQ(flags(back()), FL_NAT_REPLY | FL_NAT_WAITS);
}

TEST_P(HostRulesTest, TheHostsOwnPacketsAreNotAskedFor) {
  EXPECT_EQ(to_fl_host(packet(kByStack, Ip{.src = of(kGateway1), .dst = a()}, Tcp{})).reasons,
            Reasons{FL_FORWARD_HOST_OUT});
}

}  // namespace
}  // namespace fairlead::test
