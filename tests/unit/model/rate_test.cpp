#include "model/rate.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(Rate, IsBitsPerSecondWithSuffixesInThousands) {
  EXPECT_EQ(parse_rate("1000").value(), 1'000U);
  EXPECT_EQ(parse_rate("64k").value(), 64'000U);
  EXPECT_EQ(parse_rate("64kbit").value(), 64'000U);
  EXPECT_EQ(parse_rate("10mbit").value(), 10'000'000U);
  EXPECT_EQ(parse_rate("10M").value(), 10'000'000U);
  EXPECT_EQ(parse_rate("2.5Gbit").value(), 2'500'000'000U);
  EXPECT_EQ(parse_rate("1000gbit").value(), kHighestRate);
  EXPECT_EQ(parse_rate("5000bit").value(), 5'000U);
}

TEST(Rate, WhatIsNoneIsRefusedAndTheMessageSaysWhatIs) {
  for (const char* text :
       {"", "0", "999", "-1", "10 mbit", "mbit", "10mb", "10x", "1e9", "nan", "inf", "1001gbit",
        "99999999999999999999999", "10mbitbit", "1.k.k", "0x10000", "+5000", " 5000", "5000 "}) {
    const auto rate = parse_rate(text);
    ASSERT_FALSE(rate) << text << ": " << *rate;
    EXPECT_EQ(rate.error().code(), Errc::invalid_argument);
  }
  EXPECT_EQ(parse_rate("10MBps").error().message(),
            "\"10MBps\" is not a rate from 1kbit to 1000gbit: give bits per second, such as "
            "2500000, 500kbit, 10mbit or 2.5gbit");
}

TEST(Rate, IsWrittenAsShortAsItIsExact) {
  EXPECT_EQ(rate_text(0), "0bit");
  EXPECT_EQ(rate_text(1'001), "1001bit");
  EXPECT_EQ(rate_text(1'500'000), "1500kbit");
  EXPECT_EQ(rate_text(10'000'000), "10mbit");
  EXPECT_EQ(rate_text(1'000'000'000'000), "1000gbit");
  for (const std::uint64_t rate : {1'000ULL, 1'234'567ULL, 999'999'999'999ULL, 64'000'000ULL})
    EXPECT_EQ(parse_rate(rate_text(rate)).value(), rate);
}

TEST(Rate, AnEndpointsOwnWinsInEachDirectionByItself) {
  const Rate network{.egress = 1'000, .ingress = 2'000, .egress_burst = 3, .ingress_burst = 4};
  EXPECT_EQ(rate_of(network, {}), network);
  EXPECT_EQ(rate_of({}, network), network);
  EXPECT_EQ(rate_of(network, {.egress = 9'000}),
            (Rate{.egress = 9'000, .ingress = 2'000, .egress_burst = 0, .ingress_burst = 4}));
}

TEST(Rate, LimitsThatNoOptionCouldGiveAreRefused) {
  EXPECT_TRUE(check_rate({}));
  EXPECT_TRUE(check_rate({.egress = kLowestRate, .ingress = kHighestRate}));
  EXPECT_FALSE(check_rate({.egress = 1}));
  const auto refused = check_rate({.ingress = kHighestRate + 1});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message().starts_with("ingress rate: \"1000000000001\" is not"))
      << refused.error().message();
}

TEST(RateOptions, AreFoundAmongOthers) {
  EXPECT_EQ(rate_options({}).value(), Rate{});
  EXPECT_EQ(
      rate_options({{"fairlead.rate.egress", "10mbit"}, {"com.docker.network.driver.mtu", "x"}})
          .value(),
      (Rate{.egress = 10'000'000}));
  EXPECT_EQ(rate_options({{"fairlead.rate.ingress", "1g"}}).value(),
            (Rate{.ingress = 1'000'000'000}));
}

TEST(RateOptions, WhatCannotBeIsNamed) {
  const auto wrong = rate_options({{"fairlead.rate.egress", "fast"}});
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message().starts_with("option fairlead.rate.egress: \"fast\" is not"))
      << wrong.error().message();
  const auto unknown = rate_options({{"fairlead.rate.sideways", "1m"}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message(),
            "unknown option \"fairlead.rate.sideways\": of rates, fairlead takes "
            "fairlead.rate.egress, fairlead.rate.ingress");
}

}  // namespace
}  // namespace fairlead
