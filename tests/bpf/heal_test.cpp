// Flows to published ports whose container has gone: the packet at hand opens a new one.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {
namespace {

class UplinkHealTest : public FamilyTest {
 protected:
  UplinkHealTest() : FamilyTest("tc_uplink") {}

  Packet question() const {
    return packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost)},
                  Udp{.sport = 5000, .dport = 8080}, payload(7));
  }
  Packet question_at(const Endpoint& to) const {
    return packet(gateway_to(to), Ip{.src = of(kOutside), .dst = to.addr(GetParam()), .ttl = 63},
                  Udp{.sport = 5000, .dport = 80}, payload(7));
  }
  void lead_to(const Endpoint& to) { publish(of(kAny), 8080, IPPROTO_UDP, to, 80, GetParam()); }
  fl_flow asking() const { return flow(IPPROTO_UDP, of(kOutside), 5000, of(kHost), 8080); }
  fl_flow answering(const Endpoint& e) const {
    return flow(IPPROTO_UDP, e.addr(GetParam()), 80, of(kOutside), 5000);
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkHealTest);

TEST_P(UplinkHealTest, ClientThatGoesOnSendingReachesTheNextContainer) {
  lead_to(kA);
  ASSERT_EQ(from_uplink(question()), redirected(FL_FORWARD_PUBLISHED, question_at(kA)));
  program().erase("fl_endpoints", kA.ifindex());
  lead_to(kC);

  EXPECT_EQ(from_uplink(question()), redirected(FL_FORWARD_PUBLISHED, question_at(kC)));
  EXPECT_TRUE(nat(answering(kC)));
  EXPECT_FALSE(nat(answering(kA)));
}

TEST_P(UplinkHealTest, DeviceThatIsAnotherContainersNowIsNotMistakenForTheOldOne) {
  lead_to(kA);
  from_uplink(question());
  Endpoint other = kA;
  other.addr4 = "10.77.1.50";
  other.addr6 = "2001:db8:77:1::50";
  put_endpoint(other, FL_NET_MASQUERADE);
  lead_to(other);

  EXPECT_EQ(from_uplink(question()), redirected(FL_FORWARD_PUBLISHED, question_at(other)));
  EXPECT_FALSE(nat(answering(kA)));
}

TEST_P(UplinkHealTest, WithoutANextContainerTheFlowIsGoneToo) {
  lead_to(kA);
  from_uplink(question());
  program().erase("fl_endpoints", kA.ifindex());
  program().clear<fl_port_key>("fl_ports");

  EXPECT_EQ(from_uplink(question()), left_alone(question()));
  EXPECT_FALSE(nat(asking()));
  EXPECT_FALSE(nat(answering(kA)));
}

TEST_P(UplinkHealTest, AllowListIsAskedAgain) {
  lead_to(kA);
  from_uplink(question());
  program().erase("fl_endpoints", kA.ifindex());
  lead_to(kC);
  const fl_port_key key{
      .addr = of(kAny).raw(), .port = htons(8080), .proto = IPPROTO_UDP, .pad = 0};
  auto port = *program().get<fl_port_key, fl_port>("fl_ports", key);
  port.list = 7;  // of nobody
  program().put("fl_ports", key, port);

  EXPECT_EQ(from_uplink(question()), dropped(FL_DROP_NOT_ALLOWED));
  EXPECT_FALSE(nat(asking()));
}

class EndpointHealTest : public FamilyTest {
 protected:
  EndpointHealTest() : FamilyTest("tc_endpoint") {}

  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    fl_config one_port = config();
    one_port.nat_port_first = one_port.nat_port_last = 40500;
    reload(one_port);
  }
  Packet question() const {
    return packet(by_gateway(kA), Ip{.src = a(), .dst = of(kHost)},
                  Udp{.sport = 5000, .dport = 8080}, payload(7));
  }
  Packet question_at(const Endpoint& to) const {
    return packet(
        gateway_to(to),
        Ip{.src = of(to.network == 1 ? kGateway1 : kGateway2), .dst = to.addr(GetParam())},
        Udp{.sport = 40500, .dport = 80}, payload(7));
  }
  void lead_to(const Endpoint& to) { publish(of(kAny), 8080, IPPROTO_UDP, to, 80, GetParam()); }
};
FAIRLEAD_BOTH_FAMILIES(EndpointHealTest);

TEST_P(EndpointHealTest, NeighbourThatGoesOnSendingReachesTheNextContainer) {
  lead_to(kB);
  ASSERT_EQ(from(kA, question()), redirected(FL_FORWARD_HAIRPIN, question_at(kB)));
  program().erase("fl_endpoints", kB.ifindex());
  lead_to(kC);

  EXPECT_EQ(from(kA, question()), redirected(FL_FORWARD_HAIRPIN, question_at(kC)));
  EXPECT_FALSE(nat(flow(IPPROTO_UDP, b(), 80, of(kGateway1), 40500)));
}

}  // namespace
}  // namespace fairlead::test
