#include "datapath/rates.h"

#include <gtest/gtest.h>

#include "bpf/shared/endpoint.h"

namespace fairlead::datapath {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

TEST(Rates, EachDirectionHasItsOwnLimitOrNone) {
  const fl_rate out = rate_value(7, {.egress = 10'000'000});
  EXPECT_EQ(out.egress.rate, 10'000'000U);
  EXPECT_EQ(out.egress.network, 7U);
  EXPECT_EQ(out.ingress.rate, 0U);
  EXPECT_EQ(limit_flags({.egress = 10'000'000}), static_cast<__u32>(FL_EP_LIMIT_OUT));
  EXPECT_EQ(limit_flags({.ingress = 10'000'000}), static_cast<__u32>(FL_EP_LIMIT_IN));
  EXPECT_EQ(limit_flags({}), 0U);
}

TEST(Rates, AFirstWindowPassesAtOnceHoweverSlowTheRate) {
  EXPECT_EQ(rate_value(1, {.egress = 1'514 * 80}).egress.burst, 1'000 * kMillisecond);
  EXPECT_EQ(rate_value(1, {.egress = 1'000'000'000}).egress.burst, 5 * kMillisecond);
}

TEST(Rates, AChosenBurstIsKept) {
  const Rate rate{
      .egress = 1'000, .ingress = 1'000'000, .egress_burst = ~0ULL, .ingress_burst = 500};
  EXPECT_EQ(rate_value(1, rate).egress.burst, 3'600'000 * kMillisecond) << "an hour at the most";
  EXPECT_EQ(rate_value(1, rate).ingress.burst, 500'000U);
}

TEST(Rates, NobodyWaitsForLongNorIsTheQueueTooShortForTcp) {
  EXPECT_EQ(rate_value(1, {.egress = 1'000}).egress.queue, 2'000 * kMillisecond);
  EXPECT_EQ(rate_value(1, {.egress = 1'514 * 8 * 640}).egress.queue, 100 * kMillisecond);
  EXPECT_EQ(rate_value(1, {.egress = kHighestRate}).egress.queue, 50 * kMillisecond);
}

TEST(Rates, AnUplinksFqIsNeverGivenMoreOfAFlowThanItTakes) {
  const fl_rate both = rate_value(1, {.egress = 1'000'000, .ingress = 1'000'000});
  EXPECT_LT(both.egress.packets, 100U);
  EXPECT_GT(both.ingress.packets, 1'000U);
}

}  // namespace
}  // namespace fairlead::datapath
