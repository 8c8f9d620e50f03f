#include "ipam/choose_pool.h"

#include "ipam_support.h"

namespace fairlead::ipam {
namespace {

const std::vector<Settings::Range> kTen{{prefix("10.0.0.0/8"), 24}};

TEST(ChoosePool, TakesTheLowestSubnetThatNothingOverlaps) {
  EXPECT_EQ(choose_pool(kTen, {}), prefix("10.0.0.0/24"));
  EXPECT_EQ(choose_pool(kTen, {prefix("10.0.0.0/24")}), prefix("10.0.1.0/24"));
  EXPECT_EQ(choose_pool(kTen, {prefix("10.0.1.0/24")}), prefix("10.0.0.0/24"));
}

TEST(ChoosePool, StepsOverBlocksLargerAndSmallerThanItsCut) {
  EXPECT_EQ(choose_pool(kTen, {prefix("10.0.0.0/10")}), prefix("10.64.0.0/24"));
  EXPECT_EQ(choose_pool(kTen, {prefix("10.0.0.77/32")}), prefix("10.0.1.0/24"));
  EXPECT_EQ(
      choose_pool(kTen, {prefix("10.0.0.0/30"), prefix("10.0.0.0/23"), prefix("10.0.2.9/32")}),
      prefix("10.0.3.0/24"));
}

TEST(ChoosePool, OrderAndHostBitsOfBlocksDoNotMatter) {
  EXPECT_EQ(
      choose_pool(kTen, {prefix("10.0.2.0/24"), prefix("10.0.0.9/24"), prefix("10.0.1.3/24")}),
      prefix("10.0.3.0/24"));
}

TEST(ChoosePool, DefaultRoutesAndTheOtherFamilyBlockNothing) {
  EXPECT_EQ(choose_pool(kTen, {prefix("0.0.0.0/0"), prefix("::/0"), prefix("::/1")}),
            prefix("10.0.0.0/24"));
}

TEST(ChoosePool, GoesOnToTheNextRange) {
  const std::vector<Settings::Range> ranges{{prefix("10.9.0.0/23"), 24},
                                            {prefix("192.168.0.0/16"), 20}};
  EXPECT_EQ(choose_pool(ranges, {prefix("10.9.0.0/24"), prefix("10.9.1.0/24")}),
            prefix("192.168.0.0/20"));
  EXPECT_EQ(choose_pool(ranges, {prefix("10.0.0.0/8")}), prefix("192.168.0.0/20"));
  EXPECT_EQ(choose_pool(ranges, {prefix("10.0.0.0/8"), prefix("192.0.0.0/8")}), std::nullopt);
}

TEST(ChoosePool, ReachesTheVeryEndOfTheAddressSpace) {
  const std::vector<Settings::Range> end{{prefix("255.255.254.0/23"), 24}};
  EXPECT_EQ(choose_pool(end, {prefix("255.255.254.0/24")}), prefix("255.255.255.0/24"));
  EXPECT_EQ(choose_pool(end, {prefix("255.255.254.0/24"), prefix("255.255.255.0/24")}),
            std::nullopt);
}

TEST(ChoosePool, HugeIPv6RangesTakeNoTime) {
  const std::vector<Settings::Range> wide{{prefix("fd00::/8"), 120}};
  EXPECT_EQ(choose_pool(wide, {prefix("fd00::/9")}), prefix("fd80::/120"));
  EXPECT_EQ(choose_pool(wide, {prefix("fd00::/8")}), std::nullopt);
}

TEST(ChoosePool, ARangeSmallerThanItsCutIsOneSubnet) {
  EXPECT_EQ(choose_pool({{prefix("10.9.9.0/26"), 24}}, {}), prefix("10.9.9.0/26"));
  EXPECT_EQ(choose_pool({}, {}), std::nullopt);
}

}  // namespace
}  // namespace fairlead::ipam
