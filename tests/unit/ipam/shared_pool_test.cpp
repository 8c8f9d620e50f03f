// A pool that hosts share: this one chooses from its own blocks.
#include "ipam_support.h"

namespace fairlead::ipam {
namespace {

class SharedPool : public testing::Test {
 protected:
  std::string pool(const PoolRequest& want, const std::vector<std::string>& blocks) {
    const auto made = ipam.request_pool(want, {}, at(0));
    EXPECT_TRUE(made) << text(made);
    if (!made) return "";
    give(made->id, blocks);
    return made->id;
  }

  void give(const std::string& id, const std::vector<std::string>& texts) {
    std::vector<Prefix> blocks;
    for (const auto& each : texts) blocks.push_back(prefix(each));
    EXPECT_TRUE(ipam.set_shared(id, "of-the-cluster", blocks));
  }

  std::string next(const std::string& id, int when = 0) {
    return text(ipam.request_address(id, {}, Use::endpoint, at(when)));
  }

  std::string exactly(const std::string& id, std::string_view which, Use use = Use::endpoint) {
    return text(ipam.request_address(id, address(which), use, at(0)));
  }

  Ipam ipam{settings()};
};

TEST_F(SharedPool, SettingItReturnsThePoolAsItIsKept) {
  const auto made = ipam.request_pool(named("10.1.0.0/24"), {}, at(0));
  ASSERT_TRUE(made);
  Pool expected = *made;
  expected.shared = "10.1.0.0-24";
  expected.blocks = {prefix("10.1.0.16/28")};
  EXPECT_EQ(ipam.set_shared(made->id, expected.shared, expected.blocks), expected);
  EXPECT_EQ(ipam.find_pool(made->id), expected);
  EXPECT_EQ(ipam.set_shared(made->id, "", {}), *made);
  EXPECT_FALSE(ipam.set_shared("local/none", "x", {}));
}

TEST_F(SharedPool, OnlyItsBlocksAreChosenFromInTheirOrder) {
  const auto id = pool(named("10.1.0.0/24"), {"10.1.0.128/31", "10.1.0.64/31"});
  EXPECT_EQ(next(id), "10.1.0.128");
  EXPECT_EQ(next(id), "10.1.0.129");
  EXPECT_EQ(next(id), "10.1.0.64");
  EXPECT_EQ(next(id), "10.1.0.65");
  EXPECT_NE(next(id).find("exhausted"), std::string::npos);
  give(id, {"10.1.0.128/31", "10.1.0.64/31", "10.1.0.32/31"});
  EXPECT_EQ(next(id), "10.1.0.32");
}

TEST_F(SharedPool, BlocksCountInsteadOfTheRange) {
  const auto id = pool(ranged("10.1.0.0/24", "10.1.0.128/25"), {"10.1.0.144/28"});
  EXPECT_EQ(next(id), "10.1.0.144");
}

TEST_F(SharedPool, TheEndsOfThePoolAreNotGivenButThoseOfABlockAre) {
  const auto v4 = pool(named("10.1.0.0/24"), {"10.1.0.0/31", "10.1.0.254/31", "10.1.0.16/31"});
  for (const char* expected : {"10.1.0.1", "10.1.0.254", "10.1.0.16", "10.1.0.17"}) {
    EXPECT_EQ(next(v4), expected);
  }
  EXPECT_NE(next(v4).find("exhausted"), std::string::npos);
  const auto v6 =
      pool(named("2001:db8::/64"), {"2001:db8::/127", "2001:db8::ffff:ffff:ffff:fffe/127"});
  for (const char* expected :
       {"2001:db8::1", "2001:db8::ffff:ffff:ffff:fffe", "2001:db8::ffff:ffff:ffff:ffff"}) {
    EXPECT_EQ(next(v6), expected);
  }
  EXPECT_NE(next(v6).find("exhausted"), std::string::npos);
}

TEST_F(SharedPool, AnAddressThatIsGivenMayLieInAnybodysBlock) {
  const auto id = pool(named("10.1.0.0/24"), {"10.1.0.16/28"});
  EXPECT_EQ(exactly(id, "10.1.0.200"), "10.1.0.200");
  EXPECT_EQ(exactly(id, "10.1.0.17"), "10.1.0.17");
  EXPECT_EQ(exactly(id, "10.1.1.1"), "address 10.1.1.1 lies outside pool local/10.1.0.0/24");
  EXPECT_EQ(
      exactly(id, "10.1.0.255"),
      "address 10.1.0.255 is the broadcast address of pool local/10.1.0.0/24: choose another");
}

TEST_F(SharedPool, WithoutABlockTheMessageSaysSo) {
  const auto id = pool(named("10.1.0.0/24"), {});
  const auto none = ipam.request_address(id, {}, Use::endpoint, at(0));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::exhausted);
  EXPECT_EQ(
      none.error().message(),
      "this host has no block of shared pool local/10.1.0.0/24: 0 addresses in use, 0 lent to "
      "other hosts and 0 cooling down after their release; see 'fairlead ipam'");
}

TEST_F(SharedPool, ExhaustionCountsWhatLiesInTheBlocks) {
  const auto id = pool(named("10.1.0.0/24"), {"10.1.0.16/31", "10.1.0.32/31"});
  EXPECT_EQ(exactly(id, "10.1.0.200"), "10.1.0.200");  // elsewhere
  EXPECT_EQ(exactly(id, "10.1.0.33", Use::lent), "10.1.0.33");
  for (int i = 0; i < 3; ++i) next(id);
  ASSERT_TRUE(ipam.release_address(id, address("10.1.0.32"), at(0)));
  ASSERT_TRUE(ipam.release_address(id, address("10.1.0.200"), at(-50)));
  const auto none = ipam.request_address(id, {}, Use::endpoint, at(0));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::exhausted);
  EXPECT_EQ(
      none.error().message(),
      "the blocks of this host of shared pool local/10.1.0.0/24 are exhausted: 2 addresses in "
      "use, 1 lent to other hosts and 1 cooling down after their release (the next is free in "
      "60 s); see 'fairlead ipam'");
}

TEST_F(SharedPool, ALentAddressIsTakenUntilItHasCooledDown) {
  const auto id = pool(named("10.1.0.0/24"), {"10.1.0.16/28"});
  const auto lent = ipam.request_address(id, address("10.1.0.16"), Use::lent, at(0));
  ASSERT_TRUE(lent);
  EXPECT_EQ(lent->use, Use::lent);
  EXPECT_EQ(next(id), "10.1.0.17");
  EXPECT_EQ(exactly(id, "10.1.0.16"),
            "address 10.1.0.16 of pool local/10.1.0.0/24 is in use by an endpoint of another host "
            "(see 'fairlead ipam'): choose another");
  const auto cooling = ipam.release_address(id, address("10.1.0.16"), at(10));
  ASSERT_TRUE(cooling);
  EXPECT_EQ(cooling->use, Use::cooling);
  EXPECT_EQ(next(id, 69), "10.1.0.18");
  EXPECT_EQ(next(id, 70), "10.1.0.16");
}

TEST_F(SharedPool, NothingIsLentThatWasNotNamed) {
  const auto id = pool(named("10.1.0.0/24"), {"10.1.0.16/28"});
  const auto refused = ipam.request_address(id, {}, Use::lent, at(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
  EXPECT_TRUE(ipam.leases(id).empty());
}

TEST_F(SharedPool, UsageCountsWhatLiesInTheBlocks) {
  const auto id = pool(named("10.1.0.0/24"), {"10.1.0.0/28", "10.1.0.32/28"});
  exactly(id, "10.1.0.1", Use::gateway);
  exactly(id, "10.1.0.200");  // of another host
  exactly(id, "10.1.0.33", Use::lent);
  next(id);
  exactly(id, "10.1.0.34");
  ASSERT_TRUE(ipam.release_address(id, address("10.1.0.34"), at(0)));
  const auto use = ipam.usage().at(0);
  EXPECT_EQ(use.pool, *ipam.find_pool(id));
  EXPECT_EQ(use.size, 15U + 16U);
  EXPECT_EQ(use.used, 2U);
  EXPECT_EQ(use.lent, 1U);
  EXPECT_EQ(use.cooling, 1U);
}

TEST_F(SharedPool, SizesOfBlocksAddUpAndSaturate) {
  const auto id = pool(named("2001:db8::/32"), {"2001:db8::/124", "2001:db8:1::/124"});
  EXPECT_EQ(ipam.usage().at(0).size, 31U);
  give(id, {"2001:db8::/124", "2001:db8:1::/65", "2001:db8:2::/65", "2001:db8:3::/65"});
  EXPECT_EQ(ipam.usage().at(0).size, ~std::uint64_t{0});
  give(id, {});
  EXPECT_EQ(ipam.usage().at(0).size, 0U);
}

TEST_F(SharedPool, RestoreBringsBlocksAndWhatIsLentBack) {
  const auto id = pool(named("2001:db8::/64"), {"2001:db8::10/124"});
  EXPECT_EQ(exactly(id, "2001:db8::10", Use::lent), "2001:db8::10");
  EXPECT_EQ(next(id), "2001:db8::11");
  Ipam after(settings());
  after.restore(ipam.pools(), ipam.leases(id));
  EXPECT_EQ(after.pools(), ipam.pools());
  EXPECT_EQ(after.leases(id), ipam.leases(id));
  EXPECT_EQ(text(after.request_address(id, {}, Use::endpoint, at(1))), "2001:db8::12");
}

}  // namespace
}  // namespace fairlead::ipam
