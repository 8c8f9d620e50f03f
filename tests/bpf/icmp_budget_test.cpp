// The budget of ICMP errors that each CPU may make, in every program that makes them.
#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <string>

#include "own_netns.h"
#include "world.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kBurst = 200;

class IcmpBudgetTest : public WorldTest, public ::testing::WithParamInterface<const char*> {
 protected:
  IcmpBudgetTest() : WorldTest(GetParam()) {}

  // On one CPU, because each has a budget of its own.
  void SetUp() override {
    WorldTest::SetUp();
    publish(kAny.v4, 8080, IPPROTO_UDP, kA, 80, Family::v4);
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  }
  void TearDown() override { sched_setaffinity(0, sizeof(before_), &before_); }

  // A packet that this program refuses with an ICMP error: to nobody, or with its last hop.
  bool is_uplink() const { return GetParam() == std::string("tc_uplink"); }
  Packet refused_packet() const {
    if (is_uplink()) {
      return packet(from_router(), Ipv4{.src = kOutside.v4, .dst = kHost.v4, .ttl = 1},
                    Udp{.dport = 8080});
    }
    if (GetParam() == std::string("tc_host")) {
      return packet(Eth{.dst = kGatewayMac, .src = kGatewayMac},
                    Ipv4{.src = kGateway1.v4, .dst = kNobody.v4}, Udp{});
    }
    return packet(by_gateway(kA), Ipv4{.src = kA.addr4, .dst = kNobody.v4}, Udp{});
  }
  RunOptions options() const {
    if (is_uplink()) return {.ifindex = uplink(), .ingress_ifindex = uplink()};
    return {.ifindex = GetParam() == std::string("tc_host") ? ifindex_of("fl_host") : kA.ifindex()};
  }

  bool is_told() {
    const Ran got = program().run(refused_packet(), options());
    // Counted, told or not.
    EXPECT_TRUE(got.reasons.contains(is_uplink() ? FL_DROP_TTL : FL_DROP_NO_SUCH_ADDRESS));
    EXPECT_EQ(got.action == kRedirect, got.reasons.contains(FL_FORWARD_ICMP_ERROR));
    return got.action == kRedirect;
  }

 private:
  cpu_set_t before_{};
};
INSTANTIATE_TEST_SUITE_P(, IcmpBudgetTest, ::testing::Values("tc_endpoint", "tc_uplink", "tc_host"),
                         [](const auto& program) { return std::string(program.param); });

TEST_P(IcmpBudgetTest, BurstIsToldThenOneAMillisecond) {
  using Clock = std::chrono::steady_clock;
  program().put_everywhere("fl_icmp_budget", 0, 0);
  std::uint64_t told = 0;
  const auto start = Clock::now();
  for (int i = 0; i < 2000; ++i) {
    int action = 0;
    Packet out;
    ASSERT_EQ(program().run_only(refused_packet(), options(), &action, &out), 0);
    told += action == kRedirect;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);

  constexpr std::uint64_t kTick = 10;  // of the clock that the programs read, ms
  EXPECT_GE(told, kBurst);
  EXPECT_LE(told, kBurst + static_cast<std::uint64_t>(took.count()) + kTick);
}

TEST_P(IcmpBudgetTest, NothingIsToldWhenNothingIsLeft) {
  program().put_everywhere("fl_icmp_budget", 0, UINT64_MAX / 2);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(is_told());

  program().put_everywhere("fl_icmp_budget", 0, 0);
  EXPECT_TRUE(is_told());
}

}  // namespace
}  // namespace fairlead::test
