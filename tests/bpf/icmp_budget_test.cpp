// The budget of ICMP errors that each CPU may make; tc_endpoint stands for all programs.
#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>

#include "icmp_error.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kBurst = 200;

class IcmpBudgetTest : public WorldTest {
 protected:
  IcmpBudgetTest() : WorldTest("tc_endpoint") {}

  // On one CPU, because each has a budget of its own.
  void SetUp() override {
    WorldTest::SetUp();
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  }
  void TearDown() override { sched_setaffinity(0, sizeof(before_), &before_); }

  static Packet to_nobody() {
    return packet(by_gateway(kA), Ipv4{.src = kA.addr4, .dst = kNobody.v4}, Udp{});
  }
  bool is_told() {
    const Ran got = from(kA, to_nobody());
    EXPECT_TRUE(got.reasons.contains(FL_DROP_NO_SUCH_ADDRESS));  // counted, told or not
    EXPECT_EQ(got.action == kRedirect, got.reasons.contains(FL_FORWARD_ICMP_ERROR));
    return got.action == kRedirect;
  }

 private:
  cpu_set_t before_{};
};

TEST_F(IcmpBudgetTest, BurstIsToldThenOneAMillisecond) {
  using Clock = std::chrono::steady_clock;
  program().put_everywhere("fl_icmp_budget", 0, 0);
  std::uint64_t told = 0;
  const auto start = Clock::now();
  for (int i = 0; i < 2000; ++i) {
    int action = 0;
    Packet out;
    ASSERT_EQ(program().run_only(to_nobody(), {.ifindex = kA.ifindex()}, &action, &out), 0);
    told += action == kRedirect;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);

  constexpr std::uint64_t kTick = 10;  // of the clock that the programs read, ms
  EXPECT_GE(told, kBurst);
  EXPECT_LE(told, kBurst + static_cast<std::uint64_t>(took.count()) + kTick);
}

TEST_F(IcmpBudgetTest, NothingIsToldWhenNothingIsLeft) {
  program().put_everywhere("fl_icmp_budget", 0, UINT64_MAX / 2);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(is_told());

  program().put_everywhere("fl_icmp_budget", 0, 0);
  EXPECT_TRUE(is_told());
}

}  // namespace
}  // namespace fairlead::test
