#include <set>

#include "ipam_support.h"

namespace fairlead::ipam {
namespace {

TEST(RequestPool, IdNamesSpacePrefixAndRange) {
  Ipam ipam(settings());
  const auto plain = ipam.request_pool(named("10.1.0.0/24"), {}, at(0));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->id, "local/10.1.0.0/24");
  EXPECT_EQ(plain->created, at(0));
  const auto cut = ipam.request_pool(ranged("10.2.0.0/24", "10.2.0.128/25"), {}, at(0));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->id, "local/10.2.0.0/24/10.2.0.128/25");
  EXPECT_EQ(cut->range, prefix("10.2.0.128/25"));
  EXPECT_EQ(ipam.find_pool(cut->id), *cut);
}

TEST(RequestPool, AnOverlapIsRefusedAndNamesTheOtherPool) {
  Ipam ipam(settings());
  ASSERT_TRUE(ipam.request_pool(named("10.1.0.0/16"), {}, at(0)));
  for (const char* pool : {"10.1.5.0/24", "10.0.0.0/8", "10.1.0.0/16"}) {
    const auto refused = ipam.request_pool(named(pool), {}, at(1));
    ASSERT_FALSE(refused) << pool;
    EXPECT_EQ(refused.error().code(), Errc::conflict);
    EXPECT_TRUE(refused.error().message().starts_with("pool " + std::string(pool) +
                                                      " overlaps pool local/10.1.0.0/16: "))
        << refused.error().message();
  }
  EXPECT_EQ(ipam.pools().size(), 1U);
}

TEST(RequestPool, AddressSpacesDoNotDisturbEachOther) {
  Ipam ipam(settings());
  ASSERT_TRUE(ipam.request_pool(named("10.1.0.0/24", "global"), {}, at(0)));
  const auto local = ipam.request_pool(named("10.1.0.0/24", "local"), {}, at(0));
  ASSERT_TRUE(local) << text(local);
  EXPECT_EQ(local->id, "local/10.1.0.0/24");
}

TEST(RequestPool, BadRequestsAreRefusedAndChangeNothing) {
  Ipam ipam(settings());
  const struct {
    PoolRequest want;
    const char* says;
  } cases[] = {
      {named("10.1.0.5/24"), "pool 10.1.0.5/24 has bits set behind its length: write 10.1.0.0/24"},
      {ranged("10.1.0.0/24", "10.1.0.130/25"),
       "range 10.1.0.130/25 has bits set behind its length: write 10.1.0.128/25"},
      {ranged("10.1.0.0/24", "10.2.0.0/25"),
       "range 10.2.0.0/25 does not lie inside pool 10.1.0.0/24"},
      {ranged("10.1.0.0/24", "10.1.0.0/23"),
       "range 10.1.0.0/23 does not lie inside pool 10.1.0.0/24"},
      {named("10.1.0.1/32"), "pool 10.1.0.1/32 is too small"},
      {named("2001:db8::1/128"), "pool 2001:db8::1/128 is too small"},
      {named("127.1.0.0/16"), "overlaps the loopback block 127.0.0.0/8"},
      {named("224.1.0.0/16"), "overlaps the multicast and reserved blocks 224.0.0.0/3"},
      {named("0.0.0.0/0"), "overlaps the \"this network\" block"},
      {named("ff02::/16"), "overlaps the multicast block ff00::/8"},
      {named("::/64"), "overlaps the loopback and IPv4-mapped blocks"},
      {named("::/0"), "overlaps the loopback and IPv4-mapped blocks"},
      {{.space = "local", .prefix = {}, .range = prefix("10.1.0.0/25")},
       "range 10.1.0.0/25 needs a pool around it"},
  };
  for (const auto& each : cases) {
    const auto refused = ipam.request_pool(each.want, {}, at(0));
    ASSERT_FALSE(refused) << each.says;
    EXPECT_EQ(refused.error().code(), Errc::invalid_argument) << each.says;
    EXPECT_NE(refused.error().message().find(each.says), std::string::npos)
        << refused.error().message();
  }
  EXPECT_TRUE(ipam.pools().empty());
}

TEST(RequestPool, ASpaceThatCouldForgeAnIdIsRefused) {
  Ipam ipam(settings());
  ASSERT_TRUE(ipam.request_pool(ranged("10.1.0.0/24", "10.1.0.128/25"), {}, at(0)));
  for (const std::string& space : {std::string("local/10.1.0.0/24"), std::string(),
                                   std::string("a\nb"), std::string(65, 'x')}) {
    const auto refused = ipam.request_pool(named("10.1.0.128/25", space), {}, at(0));
    ASSERT_FALSE(refused) << space;
    EXPECT_EQ(refused.error().code(), Errc::invalid_argument);
  }
  EXPECT_EQ(ipam.pools().size(), 1U);
}

TEST(RequestPool, AnExplicitPoolMayOverlapWhatIsTakenOutside) {
  Ipam ipam(settings());
  EXPECT_EQ(text(ipam.request_pool(named("10.1.0.0/24"), {prefix("10.0.0.0/8")}, at(0))),
            "10.1.0.0/24");
}

TEST(RequestPool, AChosenPoolAvoidsRoutesAndPoolsOfEverySpace) {
  Ipam ipam(settings());
  ASSERT_TRUE(ipam.request_pool(named("10.64.1.0/24", "global"), {}, at(0)));
  EXPECT_EQ(
      text(ipam.request_pool(any_pool(), {prefix("10.64.0.0/24"), prefix("0.0.0.0/0")}, at(0))),
      "10.64.2.0/24");
}

TEST(RequestPool, IPv6ComesFromTheConfiguredUla) {
  Ipam ipam(settings());
  EXPECT_EQ(text(ipam.request_pool(any_pool(Family::v6), {}, at(0))), "fd5a:1:2::/64");
  EXPECT_EQ(text(ipam.request_pool(any_pool(Family::v6), {}, at(0))), "fd5a:1:2:1::/64");
}

TEST(RequestPool, AReleasedOneIsNotChosenAgainWithinAMinute) {
  Ipam ipam(settings());
  const auto first = ipam.request_pool(any_pool(), {}, at(0));
  ASSERT_TRUE(first);
  ASSERT_TRUE(ipam.release_pool(first->id));
  const auto second = ipam.request_pool(any_pool(), {}, at(59));
  ASSERT_TRUE(second);
  EXPECT_NE(second->prefix, first->prefix);
  ASSERT_TRUE(ipam.release_pool(second->id));
  EXPECT_EQ(text(ipam.request_pool(any_pool(), {}, at(60))), first->prefix.to_string());
}

TEST(RequestPool, AskingAgainAndAgainEndsInExhaustionAndNeverRepeats) {
  // libnetwork holds what it dislikes and asks again: every answer must differ, and they must end.
  Ipam ipam({.ranges_v4 = {{prefix("10.64.0.0/22"), 24}}, .ranges_v6 = {}});
  std::set<std::string> seen;
  for (int i = 0; i < 4; ++i) {
    const auto pool = ipam.request_pool(any_pool(), {}, at(i));
    ASSERT_TRUE(pool) << text(pool);
    EXPECT_TRUE(seen.insert(pool->id).second) << pool->id;
  }
  const auto none = ipam.request_pool(any_pool(), {}, at(4));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::exhausted);
  EXPECT_EQ(none.error().message(),
            "no free IPv4 subnet is left in the default ranges (10.64.0.0/22 in /24s): remove an "
            "unused network (see 'fairlead ipam'), name a subnet with --subnet, or add a default "
            "range to fairlead's configuration");
}

TEST(RequestPool, AReleasedOneIsChosenAtOnceWhenNothingElseIsLeft) {
  Ipam ipam({.ranges_v4 = {{prefix("10.64.0.0/24"), 24}}, .ranges_v6 = {}});
  const auto first = ipam.request_pool(any_pool(), {}, at(0));
  ASSERT_TRUE(first);
  ASSERT_TRUE(ipam.release_pool(first->id));
  EXPECT_EQ(text(ipam.request_pool(any_pool(), {}, at(1))), "10.64.0.0/24");
}

TEST(RequestPool, WithoutADefaultRangeItSaysSo) {
  Ipam ipam({.ranges_v4 = {{prefix("10.64.0.0/16"), 24}}, .ranges_v6 = {}});
  const auto none = ipam.request_pool(any_pool(Family::v6), {}, at(0));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Errc::exhausted);
  EXPECT_TRUE(none.error().message().starts_with("no default IPv6 range is configured: "));
}

TEST(RequestPool, AClockSetBackDoesNotBlockAPoolForever) {
  Ipam ipam({.ranges_v4 = {{prefix("10.64.0.0/23"), 24}}, .ranges_v6 = {}});
  const auto first = ipam.request_pool(any_pool(), {}, at(100'000));
  ASSERT_TRUE(first);
  ASSERT_TRUE(ipam.release_pool(first->id));
  EXPECT_EQ(text(ipam.request_pool(any_pool(), {}, at(0))), "10.64.0.0/24");
}

}  // namespace
}  // namespace fairlead::ipam
