// tc_uplink: published ranges, and clients that may reach a port or not.
#include "ranges.h"

namespace fairlead::test {
namespace {

constexpr std::uint32_t kList = 7;

class UplinkRangesTest : public RangeTest {
 protected:
  UplinkRangesTest() : RangeTest("tc_uplink") {}

  Packet to_host(std::uint16_t port, const Addr& host) const {
    return packet(from_router(), Ip{.src = of(kOutside), .dst = host},
                  Tcp{.sport = 6000, .dport = port, .flags = kSyn});
  }
  Packet to_host(std::uint16_t port) const { return to_host(port, of(kHost)); }
  Packet at(const Endpoint& x, std::uint16_t port) const {
    return packet(gateway_to(x), Ip{.src = of(kOutside), .dst = x.addr(GetParam()), .ttl = 63},
                  Tcp{.sport = 6000, .dport = port, .flags = kSyn});
  }
};
FAIRLEAD_BOTH_FAMILIES(UplinkRangesTest);

TEST_P(UplinkRangesTest, EachPortOfARangeLeadsToItsOwn) {
  publish_range(of(kAny), {.first = 20000, .count = 5000, .to_port = 30000}, kA);

  for (const int nth : {0, 1, 2500, 4999})
    EXPECT_EQ(from_uplink(to_host(static_cast<std::uint16_t>(20000 + nth))),
              redirected(FL_FORWARD_PUBLISHED, at(kA, static_cast<std::uint16_t>(30000 + nth))));
  EXPECT_EQ(from_uplink(to_host(19999)), left_alone(to_host(19999)));
  EXPECT_EQ(from_uplink(to_host(25000)), left_alone(to_host(25000)));
}

TEST_P(UplinkRangesTest, RangeOfOneProtocolIsNoneOfAnother) {
  publish_range(of(kAny), {.first = 20000, .count = 10, .to_port = 80, .proto = IPPROTO_UDP}, kA);

  EXPECT_EQ(from_uplink(to_host(20005)), left_alone(to_host(20005)));
}

// As the daemon cuts 20000-20009 on one address and 20005-20014 on another.
TEST_P(UplinkRangesTest, RangesOverlapOnOtherAddresses) {
  publish_range(of(kHost), {.first = 20000, .count = 5, .to_port = 80}, kA);
  publish_range(of(kHost), {.first = 20005, .count = 5, .to_port = 85}, kA);
  publish_range(of(kAny), {.first = 20005, .count = 10, .to_port = 90}, kC);

  EXPECT_EQ(from_uplink(to_host(20004)), redirected(FL_FORWARD_PUBLISHED, at(kA, 84)));
  EXPECT_EQ(from_uplink(to_host(20007)), redirected(FL_FORWARD_PUBLISHED, at(kA, 87)));
  EXPECT_EQ(from_uplink(to_host(20012)), redirected(FL_FORWARD_PUBLISHED, at(kC, 97)))
      << "past the end of the exact address's range";
}

TEST_P(UplinkRangesTest, EntryThatIsTooShortIsNotFollowed) {
  publish_range(of(kAny), {.first = 20000, .count = 10, .to_port = 80}, kA);
  publish_range(of(kAny), {.first = 20000, .count = 5, .to_port = 80}, kA);  // bits of 5-9 stay

  EXPECT_EQ(from_uplink(to_host(20007)), left_alone(to_host(20007)));
}

TEST_P(UplinkRangesTest, ClientOfTheListReachesThePortAndNobodyElse) {
  publish_range(of(kAny), {.first = 8080, .count = 1, .to_port = 80, .list = kList}, kA);
  say_to_everyone(kList, FL_SOURCE_DENY);

  EXPECT_EQ(from_uplink(to_host(8080)), dropped(FL_DROP_NOT_ALLOWED));
  EXPECT_FALSE(nat(flow(IPPROTO_TCP, of(kOutside), 6000, of(kHost), 8080))) << "before DNAT";

  say(kList, of(kOutside), whole(), FL_SOURCE_ALLOW);
  EXPECT_EQ(from_uplink(to_host(8080)), redirected(FL_FORWARD_PUBLISHED, at(kA, 80)));
}

TEST_P(UplinkRangesTest, LongestPrefixDecides) {
  publish_range(of(kAny), {.first = 8080, .count = 1, .to_port = 80, .list = kList}, kA);
  say_to_everyone(kList, FL_SOURCE_ALLOW);
  say(kList, of(kOutside), whole() - 8, FL_SOURCE_DENY);
  EXPECT_EQ(from_uplink(to_host(8080)), dropped(FL_DROP_NOT_ALLOWED));

  say(kList, of(kOutside), whole() - 1, FL_SOURCE_ALLOW);
  EXPECT_EQ(from_uplink(to_host(8080)), redirected(FL_FORWARD_PUBLISHED, at(kA, 80)));
}

TEST_P(UplinkRangesTest, ListThatSaysNothingKeepsEveryoneOut) {
  publish_range(of(kAny), {.first = 8080, .count = 1, .to_port = 80, .list = kList}, kA);
  say_to_everyone(kList + 1, FL_SOURCE_ALLOW);

  EXPECT_EQ(from_uplink(to_host(8080)), dropped(FL_DROP_NOT_ALLOWED));
}

TEST_P(UplinkRangesTest, FlowThatIsOpenIsNotAskedAgain) {
  publish_range(of(kAny), {.first = 8080, .count = 1, .to_port = 80}, kA);
  EXPECT_EQ(from_uplink(to_host(8080)), redirected(FL_FORWARD_PUBLISHED, at(kA, 80)));
  publish_range(of(kAny), {.first = 8080, .count = 1, .to_port = 80, .list = kList}, kA);

  EXPECT_EQ(from_uplink(to_host(8080)), redirected(FL_FORWARD_PUBLISHED, at(kA, 80)))
      << "the daemon ends flows, with program collect";
}

}  // namespace
}  // namespace fairlead::test
