// Translated flows remember their way: until something changes, and for a second at most.
#include <gtest/gtest.h>

#include "own_netns.h"
#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kClientPort = kNatFirst + 7;
const Mac kOtherRouterMac = "02:00:00:00:f0:99";

class WayTest : public FamilyTest {
 protected:
  WayTest() : FamilyTest("tc_endpoint") {}

  void SetUp() override {
    FamilyTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    set_epoch(1);
  }
  void TearDown() override { set_router(kRouterMac); }

  void set_epoch(std::uint32_t epoch) {
    const std::uint32_t zero = 0;
    program().put("fl_epoch", zero, epoch);
  }
  void set_router(const Mac& mac) {
    const std::string router = v4() ? "198.18.0.1" : "2001:db8:f::1";
    std::string why;
    ASSERT_TRUE(
        ip("neigh replace " + router + " dev up0 lladdr " + mac.to_string() + " nud permanent\n",
           &why))
        << why;
  }
  Ip there(std::uint8_t ttl = 64) const { return {.src = a(), .dst = of(kOutside), .ttl = ttl}; }
  Ran send(std::size_t length = 9, std::uint8_t ttl = 64) {
    return from(kA, packet(by_gateway(kA), there(ttl), Udp{.sport = kClientPort, .dport = 53},
                           payload(length)));
  }
  Ran sent_to(const Mac& router) const {
    return redirected(FL_FORWARD_MASQUERADE,
                      packet(Eth{.dst = router, .src = kUplinkMac},
                             Ip{.src = of(kHost), .dst = of(kOutside), .ttl = 63},
                             Udp{.sport = kClientPort, .dport = 53}, payload(9)));
  }
  fl_flow key() const { return flow(IPPROTO_UDP, a(), kClientPort, of(kOutside), 53); }
};
FAIRLEAD_BOTH_FAMILIES(WayTest);

TEST_P(WayTest, WayIsRememberedUntilSomethingChanges) {
  EXPECT_EQ(send(), sent_to(kRouterMac));
  EXPECT_EQ(nat(key())->epoch, 1U);
  EXPECT_EQ(nat(key())->device, uplink());
  set_router(kOtherRouterMac);
  EXPECT_EQ(send(), sent_to(kRouterMac)) << "nobody has said that it changed";
  set_epoch(2);
  EXPECT_EQ(send(), sent_to(kOtherRouterMac));
  EXPECT_EQ(nat(key())->epoch, 2U);
}

TEST_P(WayTest, WayIsAskedForOnceASecondAnyway) {
  send();
  set_router(kOtherRouterMac);
  fl_nat old = *nat(key());
  old.last_seen = 1;
  old.tick = 0;
  program().put("fl_nat", key(), old);

  EXPECT_EQ(send(), sent_to(kOtherRouterMac));
}

TEST_P(WayTest, NothingIsRememberedWhereNobodyCounts) {
  set_epoch(0);
  EXPECT_EQ(send(), sent_to(kRouterMac));
  EXPECT_EQ(nat(key())->epoch, 0U);
  set_router(kOtherRouterMac);
  EXPECT_EQ(send(), sent_to(kOtherRouterMac));
}

TEST_P(WayTest, RefusalsStayWhatTheyAre) {
  send();
  EXPECT_EQ(send(9, 1).reasons, (Reasons{FL_DROP_TTL, FL_FORWARD_ICMP_ERROR}));
  EXPECT_EQ(send(), sent_to(kRouterMac));
}

TEST_P(WayTest, SmallerMtuOfARouteIsPartOfTheWay) {
  const auto to_small = [&](std::size_t length) {
    return from(kA, packet(by_gateway(kA), Ip{.src = a(), .dst = of(kSmallMtu)},
                           Udp{.sport = kClientPort, .dport = 53}, payload(length)));
  };
  const std::size_t headers = v4() ? 28 : 48;
  EXPECT_EQ(to_small(9).reasons, Reasons{FL_FORWARD_MASQUERADE});
  EXPECT_EQ(to_small(kSmallMtuBytes - headers).reasons, Reasons{FL_FORWARD_MASQUERADE});
  EXPECT_EQ(to_small(kSmallMtuBytes - headers + 1).reasons,
            (Reasons{FL_DROP_TOO_BIG, FL_FORWARD_ICMP_ERROR}));
}

TEST_P(WayTest, NextHopThatIsNotResolvedIsNotRemembered) {
  const Ran first = from(kA, packet(by_gateway(kA), Ip{.src = a(), .dst = of(kOutside)},
                                    Udp{.sport = kClientPort, .dport = 53}));
  EXPECT_EQ(first.reasons, Reasons{FL_FORWARD_MASQUERADE});
  std::string why;
  const std::string router = v4() ? "198.18.0.1" : "2001:db8:f::1";
  ASSERT_TRUE(ip("neigh del " + router + " dev up0\n", &why)) << why;
  set_epoch(2);
  EXPECT_EQ(send().reasons, Reasons{FL_FORWARD_MASQUERADE});
  EXPECT_NE(nat(key())->epoch, 2U);
}

class ReceiverTest : public FamilyTest {
 protected:
  ReceiverTest() : FamilyTest("tc_uplink") {}
  Ran send() {
    return from_uplink(packet(from_router(), Ip{.src = of(kOutside), .dst = of(kHost)},
                              Udp{.sport = 5000, .dport = 8080}, payload(7)));
  }
  Ran at(const Mac& mac) const {
    return redirected(FL_FORWARD_PUBLISHED, packet(Eth{.dst = mac, .src = kGatewayMac},
                                                   Ip{.src = of(kOutside), .dst = a(), .ttl = 63},
                                                   Udp{.sport = 5000, .dport = 80}, payload(7)));
  }
};
FAIRLEAD_BOTH_FAMILIES(ReceiverTest);

TEST_P(ReceiverTest, ContainerIsRememberedUntilSomethingChanges) {
  const std::uint32_t zero = 0, first = 1, second = 2;
  Endpoint other = kA;
  other.mac = "02:42:0a:4d:01:99";
  publish(of(kAny), 8080, IPPROTO_UDP, kA, 80, GetParam());
  program().put("fl_epoch", zero, first);
  EXPECT_EQ(send(), at(kA.mac));
  put_endpoint(other, FL_NET_MASQUERADE);
  EXPECT_EQ(send(), at(kA.mac)) << "nobody has said that it changed";
  program().put("fl_epoch", zero, second);
  EXPECT_EQ(send(), at(other.mac));
  program().erase("fl_endpoints", kA.ifindex());
  program().put("fl_epoch", zero, first);
  program().clear<fl_port_key>("fl_ports");
  EXPECT_EQ(send().reasons, Reasons{FL_PUNT_NOT_OURS});
}

}  // namespace
}  // namespace fairlead::test
