#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Pools : public HostsTest {};

TEST_F(Pools, ASecondHostJoinsThePoolWithItsRangeAndGateway) {
  const auto made = a.registry.request_pool(
      {.prefix = prefix("10.1.0.0/24"), .range = prefix("10.1.0.128/25"), .taken = {}});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->block, 28u);
  ASSERT_TRUE(a.registry.set_gateway(made->id, address("10.1.0.1")));

  const auto joined = b.pool("10.1.0.0/24");  // b has heard nothing yet

  EXPECT_EQ(joined.range, prefix("10.1.0.128/25"));
  EXPECT_EQ(joined.gateway, address("10.1.0.1"));
  EXPECT_THAT(keys(), ElementsAre("pools/10.1.0.0-24", "users/10.1.0.0-24/host-a",
                                  "users/10.1.0.0-24/host-b"));
}

TEST_F(Pools, OverlappingOnesAreRefusedThoughTheHostHasNotHeardOfTheOther) {
  a.pool("10.1.0.0/24");

  const auto refused =
      b.registry.request_pool({.prefix = prefix("10.1.0.0/16"), .range = {}, .taken = {}});

  EXPECT_TRUE(is(refused, Errc::conflict));
  EXPECT_THAT(text(refused), HasSubstr("10.1.0.0/24"));
  EXPECT_THAT(text(refused), HasSubstr("host-a"));
}

TEST_F(Pools, TwoAtTheSameMomentDoNotOverlap) {
  b.memory().before_next_commit([this] { a.pool("10.1.0.0/24"); });
  EXPECT_TRUE(
      is(b.registry.request_pool({.prefix = prefix("10.1.0.128/25"), .range = {}, .taken = {}}),
         Errc::conflict));

  b.memory().before_next_commit([this] { a.pool("10.64.0.0/24"); });
  const auto chosen = b.registry.request_pool({.prefix = {}, .range = {}, .taken = {}});
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->prefix, prefix("10.64.1.0/24"));
}

TEST_F(Pools, AChosenOneOverlapsNothingThatTheHostUses) {
  const auto chosen = a.registry.request_pool(
      {.prefix = {}, .range = {}, .taken = {prefix("10.64.0.0/23"), prefix("0.0.0.0/0")}});
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->prefix, prefix("10.64.2.0/24"));
  EXPECT_TRUE(
      is(a.registry.request_pool({.prefix = {}, .range = {}, .taken = {prefix("10.0.0.0/8")}}),
         Errc::exhausted));
  const auto v6 =
      a.registry.request_pool({.prefix = {}, .range = {}, .family = Family::v6, .taken = {}});
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->id, "fd5a:1:2::-64");
}

TEST_F(Pools, NonsenseIsRefused) {
  const auto refused = [this](const char* pool, std::optional<Prefix> range = {}) {
    return is(a.registry.request_pool({.prefix = prefix(pool), .range = range, .taken = {}}),
              Errc::invalid_argument);
  };
  EXPECT_TRUE(refused("10.1.0.1/24"));
  EXPECT_TRUE(refused("10.1.0.1/32"));
  EXPECT_TRUE(refused("0.0.0.0/0"));
  EXPECT_TRUE(refused("10.1.0.0/24", prefix("10.2.0.0/25")));
  EXPECT_TRUE(refused("10.1.0.0/24", prefix("10.1.0.1/25")));
  EXPECT_TRUE(
      is(a.registry.request_pool({.prefix = {}, .range = prefix("10.1.0.0/25"), .taken = {}}),
         Errc::invalid_argument));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(Pools, TheFirstGatewayWins) {
  const auto id = a.pool("10.1.0.0/24").id;
  b.pool("10.1.0.0/24");
  ASSERT_TRUE(b.registry.set_gateway(id, address("10.1.0.254")));

  EXPECT_TRUE(is(a.registry.set_gateway(id, address("10.1.0.1")), Errc::conflict));
  const auto same = a.registry.set_gateway(id, address("10.1.0.254"));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->gateway, address("10.1.0.254"));
  EXPECT_TRUE(is(a.registry.set_gateway("10.9.0.0-24", address("10.9.0.1")), Errc::not_found));
}

TEST_F(Pools, AGatewayIsNobodysAddress) {
  const auto id = a.pool("10.1.0.0/24").id;
  b.pool("10.1.0.0/24");
  ASSERT_TRUE(b.registry.claim_static(id, address("10.1.0.9")));
  EXPECT_TRUE(is(a.registry.set_gateway(id, address("10.1.0.9")), Errc::conflict));
  EXPECT_TRUE(is(a.registry.set_gateway(id, address("10.2.0.9")), Errc::invalid_argument));

  ASSERT_TRUE(a.registry.set_gateway(id, address("10.1.0.1")));
  EXPECT_TRUE(is(b.registry.claim_static(id, address("10.1.0.1")), Errc::conflict));
}

TEST_F(Pools, TheLastUserTakesThePoolWithIt) {
  const auto id = a.pool("10.1.0.0/24").id;
  b.pool("10.1.0.0/24");
  ASSERT_TRUE(a.registry.claim_block(id));
  ASSERT_TRUE(a.registry.claim_static(id, address("10.1.0.200")));
  b.sync();
  ASSERT_TRUE(b.registry.claim_block(id));

  ASSERT_EQ(text(a.registry.release_pool(id)), "");
  EXPECT_THAT(keys(), ElementsAre("blocks/10.1.0.0-24/10.1.0.16-28", "pools/10.1.0.0-24",
                                  "users/10.1.0.0-24/host-b"));

  ASSERT_EQ(text(b.registry.release_pool(id)), "");
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_EQ(store.get(layout().blocks_guard(id)).value().created, 0);
  EXPECT_EQ(text(b.registry.release_pool(id)), "") << "again: success";
}

TEST_F(Pools, TwoLastUsersThatLeaveTogetherLeaveNothing) {
  const auto id = a.pool("10.1.0.0/24").id;
  b.pool("10.1.0.0/24");
  sync();
  b.memory().before_next_commit([&] { ASSERT_TRUE(a.registry.release_pool(id)); });
  ASSERT_TRUE(b.registry.release_pool(id));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(Pools, WhoJoinsWhileTheLastOneLeavesHasAPool) {
  const auto id = a.pool("10.1.0.0/24").id;
  b.sync();
  a.memory().before_next_commit([&] { b.pool("10.1.0.0/24"); });
  ASSERT_TRUE(a.registry.release_pool(id));
  EXPECT_THAT(keys(), ElementsAre("pools/10.1.0.0-24", "users/10.1.0.0-24/host-b"));

  // And the other way round: it makes the pool anew.
  a.sync();
  a.memory().before_next_commit([&] { ASSERT_TRUE(b.registry.release_pool(id)); });
  a.pool("10.1.0.0/24");
  EXPECT_THAT(keys(), ElementsAre("pools/10.1.0.0-24", "users/10.1.0.0-24/host-a"));
}

TEST_F(Pools, WhatIsLentOutlivesItsOwnerAsAStaticAddress) {
  const auto id = a.pool("10.1.0.0/24").id;
  b.pool("10.1.0.0/24");
  const auto block = a.registry.claim_block(id).value().prefix;
  b.sync();
  ASSERT_EQ(text(b.registry.ask(id, address("10.1.0.5"))), "");
  a.sync();
  ASSERT_EQ(text(a.registry.lend(id, block, address("10.1.0.5"), "host-b")), "");
  b.sync();
  b.sync();

  ASSERT_EQ(text(a.registry.release_pool(id)), "");

  EXPECT_THAT(keys(), UnorderedElementsAre("pools/10.1.0.0-24", "static/10.1.0.0-24/10.1.0.5",
                                           "users/10.1.0.0-24/host-b"));
  ASSERT_EQ(text(b.registry.give_back(id, address("10.1.0.5"))), "");
  EXPECT_THAT(keys(), UnorderedElementsAre("pools/10.1.0.0-24", "users/10.1.0.0-24/host-b"));
}

TEST_F(Pools, ALostAnswerLeaksNothing) {
  const auto id = a.pool("10.1.0.0/24").id;
  b.pool("10.1.0.0/24");
  a.memory().lose_next_answer();
  EXPECT_TRUE(is(a.registry.claim_block(id), Errc::unavailable));
  ASSERT_TRUE(a.registry.release_pool(id));
  EXPECT_THAT(keys(), ElementsAre("pools/10.1.0.0-24", "users/10.1.0.0-24/host-b"));
}

TEST_F(Pools, AStoreThatIsAwayIsSaidToBe) {
  a.memory().down(true);
  const auto refused =
      a.registry.request_pool({.prefix = prefix("10.1.0.0/24"), .range = {}, .taken = {}});
  EXPECT_TRUE(is(refused, Errc::unavailable));
  EXPECT_THAT(a.view.pools, IsEmpty());
}

TEST_F(Pools, NothingIsWrittenIntoAnEmptiedOrReplacedStore) {
  a.pool("10.1.0.0/24");
  store.wipe(7);
  EXPECT_TRUE(
      is(a.registry.request_pool({.prefix = prefix("10.2.0.0/24"), .range = {}, .taken = {}}),
         Errc::unavailable));
  EXPECT_TRUE(is(a.registry.claim_block("10.1.0.0-24"), Errc::unavailable));
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_TRUE(a.view.pools.contains("10.1.0.0-24")) << "and nothing is believed to be gone";

  store.put(layout().meta(), R"({"uuid":"other","schema":1})");
  const auto other =
      a.registry.request_pool({.prefix = prefix("10.2.0.0/24"), .range = {}, .taken = {}});
  EXPECT_TRUE(is(other, Errc::unavailable));
  EXPECT_THAT(text(other), HasSubstr("another cluster"));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(Pools, ThereIsOneClusterInOnePlace) {
  const auto again = b.registry.create_meta({.uuid = "uuid-2", .schema = 1, .created = ""});
  EXPECT_TRUE(is(again, Errc::already_exists));
  EXPECT_THAT(text(again), HasSubstr("uuid-1"));
  EXPECT_THAT(text(again), HasSubstr("join"));
}

}  // namespace
}  // namespace fairlead::cluster
