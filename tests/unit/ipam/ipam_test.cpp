#include "ipam/ipam.h"

#include "ipam_support.h"

namespace fairlead::ipam {
namespace {

TEST(Ipam, ReleasingWhatIsUnknownIsSuccessAndNothing) {
  Ipam ipam(settings());
  EXPECT_FALSE(ipam.release_pool("local/10.1.0.0/24"));
  EXPECT_FALSE(ipam.release_address("local/10.1.0.0/24", address("10.1.0.1"), at(0)));
  const auto pool = ipam.request_pool(named("10.1.0.0/24"), {}, at(0));
  ASSERT_TRUE(pool);
  EXPECT_FALSE(ipam.release_address(pool->id, address("10.1.0.1"), at(0)));
}

TEST(Ipam, ReleasingTwiceDoesNotProlongTheCoolDown) {
  Ipam ipam(settings());
  const auto pool = ipam.request_pool(named("10.1.0.0/24"), {}, at(0));
  const auto lease = ipam.request_address(pool->id, {}, Use::endpoint, at(0));
  ASSERT_TRUE(lease);
  EXPECT_TRUE(ipam.release_address(pool->id, lease->address, at(0)));
  EXPECT_FALSE(ipam.release_address(pool->id, lease->address, at(30)));
  EXPECT_EQ(ipam.expire(at(60)).size(), 1U);
}

TEST(Ipam, ReleasingAPoolReturnsItAndFreesItsAddresses) {
  Ipam ipam(settings());
  const auto pool = ipam.request_pool(named("10.1.0.0/24"), {}, at(0));
  ASSERT_TRUE(ipam.request_address(pool->id, {}, Use::gateway, at(0)));
  EXPECT_EQ(ipam.release_pool(pool->id), *pool);
  EXPECT_TRUE(ipam.pools().empty());
  EXPECT_TRUE(ipam.leases(pool->id).empty());
  EXPECT_FALSE(ipam.find_pool(pool->id));
  ASSERT_TRUE(ipam.request_pool(named("10.1.0.0/24"), {}, at(0)));
  EXPECT_TRUE(ipam.leases(pool->id).empty());
}

TEST(Ipam, ExpireReturnsOnlyWhatHasCooledDown) {
  Ipam ipam(settings());
  const auto pool = ipam.request_pool(named("10.1.0.0/24"), {}, at(0));
  const auto first = ipam.request_address(pool->id, {}, Use::gateway, at(0));
  const auto second = ipam.request_address(pool->id, {}, Use::endpoint, at(0));
  const auto third = ipam.request_address(pool->id, {}, Use::endpoint, at(0));
  ASSERT_TRUE(first && second && third);
  const auto early = ipam.release_address(pool->id, second->address, at(0));
  const auto late = ipam.release_address(pool->id, third->address, at(30));
  EXPECT_TRUE(ipam.expire(at(59)).empty());
  EXPECT_EQ(ipam.expire(at(60)), std::vector{*early});
  EXPECT_TRUE(ipam.expire(at(60)).empty());
  EXPECT_EQ(ipam.leases(pool->id), (std::vector{*first, *late}));
}

TEST(Ipam, RestoreContinuesWhereThePreviousOneStopped) {
  Ipam before(settings());
  const auto pool = before.request_pool(ranged("10.1.0.0/24", "10.1.0.0/29"), {}, at(0));
  ASSERT_TRUE(before.request_address(pool->id, {}, Use::gateway, at(0)));
  const auto held = before.request_address(pool->id, {}, Use::endpoint, at(0));
  const auto released = before.request_address(pool->id, {}, Use::endpoint, at(0));
  ASSERT_TRUE(held && released);
  ASSERT_TRUE(before.release_address(pool->id, released->address, at(0)));

  Ipam after(settings());
  after.restore(before.pools(), before.leases(pool->id));
  EXPECT_EQ(after.pools(), before.pools());
  EXPECT_EQ(after.leases(pool->id), before.leases(pool->id));
  EXPECT_EQ(text(after.request_address(pool->id, {}, Use::endpoint, at(1))), "10.1.0.4");
  EXPECT_EQ(text(after.request_address(pool->id, {}, Use::endpoint, at(60))), "10.1.0.3");
  EXPECT_FALSE(after.request_address(pool->id, held->address, Use::endpoint, at(1)));
  EXPECT_FALSE(after.request_pool(named("10.1.0.0/16"), {}, at(1)));
}

TEST(Ipam, RestoreIgnoresLeasesWithoutAPool) {
  Ipam ipam(settings());
  ipam.restore({}, {{.pool = "local/10.1.0.0/24", .address = address("10.1.0.1")}});
  EXPECT_TRUE(ipam.pools().empty());
}

TEST(Ipam, UsageCountsAssignableUsedAndCooling) {
  Ipam ipam(settings());
  const auto v4 = ipam.request_pool(named("10.1.0.0/24"), {}, at(0));
  ASSERT_TRUE(ipam.request_address(v4->id, {}, Use::gateway, at(0)));
  const auto lease = ipam.request_address(v4->id, {}, Use::endpoint, at(0));
  ASSERT_TRUE(ipam.request_address(v4->id, {}, Use::endpoint, at(0)));
  ASSERT_TRUE(ipam.release_address(v4->id, lease->address, at(0)));
  const auto usage = ipam.usage();
  ASSERT_EQ(usage.size(), 1U);
  EXPECT_EQ(usage[0].pool, *v4);
  EXPECT_EQ(usage[0].size, 254U);
  EXPECT_EQ(usage[0].used, 2U);
  EXPECT_EQ(usage[0].cooling, 1U);
}

TEST(Ipam, SizesCountWhatCanBeAssignedAndSaturate) {
  const struct {
    const char* pool;
    std::uint64_t size;
  } cases[] = {{"10.1.0.0/31", 2},
               {"10.1.0.0/30", 2},
               {"10.0.0.0/8", 16777214},
               {"2001:db8::/127", 2},
               {"2001:db8::/126", 3},
               {"2001:db8::/65", (std::uint64_t{1} << 63) - 1},
               {"2001:db8::/64", ~std::uint64_t{0}},
               {"2001:db8::/32", ~std::uint64_t{0}}};
  for (const auto& each : cases) {
    Ipam ipam(settings());
    ASSERT_TRUE(ipam.request_pool(named(each.pool), {}, at(0))) << each.pool;
    EXPECT_EQ(ipam.usage().at(0).size, each.size) << each.pool;
  }
}

}  // namespace
}  // namespace fairlead::ipam
