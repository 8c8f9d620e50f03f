#include "cluster/view.h"

#include "cluster_support.h"

namespace fairlead::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

etcd::KeyValue entry(const Record& record, etcd::Revision at) {
  return {.key = layout().key(record), .value = format(record), .created = at, .modified = at};
}

etcd::Event put(const Record& record, etcd::Revision at) {
  return {.erased = false, .entry = entry(record, at)};
}

etcd::Event gone(const Record& record, etcd::Revision at) {
  return {.erased = true, .entry = {.key = layout().key(record), .modified = at}};
}

Node node(const std::string& name, std::uint16_t port = 4795) {
  return {.name = name, .vteps = {}, .port = port, .mtu = 1500, .instance = {}};
}

TEST(View, RemembersTheNewestWordOnEachKeyInWhateverOrderItComes) {
  View view(layout());
  EXPECT_TRUE(view.apply(put(node("a", 1), 5)));
  EXPECT_FALSE(view.apply(put(node("a", 2), 4))) << "older";
  EXPECT_EQ(view.nodes.at("a").port, 1);

  EXPECT_TRUE(view.apply(gone(node("a"), 8)));
  EXPECT_FALSE(view.apply(put(node("a", 3), 7))) << "older than its end";
  EXPECT_THAT(view.nodes, IsEmpty());
  EXPECT_EQ(view.modified(layout().node("a")), 0);

  EXPECT_TRUE(view.apply(put(node("a", 4), 9)));
  EXPECT_EQ(view.modified(layout().node("a")), 9);
  EXPECT_EQ(view.revision(), 9);
}

TEST(View, HoldsEveryKindOfRecordAndForgetsIt) {
  const SharedPool pool{.id = "10.1.0.0-24",
                        .prefix = prefix("10.1.0.0/24"),
                        .range = {},
                        .block = 28,
                        .gateway = {}};
  SharedNetwork network;
  network.id = "n";
  network.vni = 9;
  const std::vector<Record> all{
      meta(),
      Alive{.node = "a", .boot_id = {}, .version = {}, .since = {}},
      node("a"),
      network,
      Member{"n", "a"},
      pool,
      PoolUser{pool.id, "a"},
      Block{pool.id, prefix("10.1.0.0/28"), "a", {}},
      Static{pool.id, address("10.1.0.99"), "a"},
      Ask{pool.id, address("10.1.0.5"), "a", ""},
      SharedEndpoint{
          .network = "n", .node = "a", .key = "e", .v4 = {}, .v6 = {}, .mac = {}, .name = {}},
      Index{"vni/9", "n"}};
  View view(layout());
  etcd::Revision at = 0;
  for (const auto& record : all) EXPECT_TRUE(view.apply(put(record, ++at)));

  EXPECT_TRUE(view.meta);
  EXPECT_EQ(view.alive.size() + view.nodes.size() + view.networks.size(), 3u);
  EXPECT_EQ(view.members.at("n").size() + view.users.at(pool.id).size(), 2u);
  EXPECT_EQ(view.pools.at(pool.id), pool);
  EXPECT_EQ(view.blocks.at(pool.id).begin()->second.owner, "a");
  EXPECT_EQ(view.statics.at(pool.id).begin()->second.owner, "a");
  EXPECT_EQ(view.asks.size() + view.endpoints.size(), 2u);
  EXPECT_EQ(view.entries().size(), all.size());

  for (const auto& record : all) EXPECT_TRUE(view.apply(gone(record, ++at)));
  EXPECT_FALSE(view.meta);
  EXPECT_TRUE(view.alive.empty() && view.nodes.empty() && view.networks.empty() &&
              view.members.empty() && view.pools.empty() && view.users.empty() &&
              view.blocks.empty() && view.statics.empty() && view.asks.empty() &&
              view.endpoints.empty() && view.entries().empty());
}

TEST(View, AValueThatCannotBeReadLeavesTheOldRecordAndMakesAProblem) {
  View view(layout());
  const std::string key = layout().node("a");
  view.apply(put(node("a", 7), 1));

  view.apply({.erased = false, .entry = {.key = key, .value = "{", .created = 1, .modified = 2}});
  EXPECT_EQ(view.nodes.at("a").port, 7);
  EXPECT_EQ(view.modified(key), 2);
  EXPECT_THAT(view.problems, ElementsAre(::testing::Key(key)));

  view.apply(put(node("a", 8), 3));
  EXPECT_EQ(view.nodes.at("a").port, 8);
  EXPECT_THAT(view.problems, IsEmpty());
}

TEST(View, AListingTellsWhatChangedAndWhatIsGone) {
  View view(layout());
  for (const char* name : {"a", "b", "c"}) view.apply(put(node(name, 1), 1));

  const auto changed = view.replace(
      {.entries = {entry(node("a", 1), 1), entry(node("b", 2), 5), entry(node("d", 1), 6)},
       .revision = 6});

  EXPECT_THAT(changed,
              UnorderedElementsAre(layout().node("b"), layout().node("c"), layout().node("d")));
  EXPECT_FALSE(view.nodes.contains("c"));
  EXPECT_EQ(view.nodes.at("b").port, 2);
}

TEST(View, WhatATransactionWroteAfterTheListingStands) {
  View view(layout());
  view.replace({.entries = {entry(node("old"), 1)}, .revision = 3});
  view.note(put(node("own", 1), 9));
  view.note(gone(node("old"), 10));

  // Read before those two, handed over after them.
  EXPECT_THAT(view.replace({.entries = {entry(node("old"), 1)}, .revision = 5}), IsEmpty());
  EXPECT_TRUE(view.nodes.contains("own"));
  EXPECT_FALSE(view.nodes.contains("old"));

  // The news of it come last, and are news to those who hear only those.
  EXPECT_TRUE(view.apply(put(node("own", 1), 9)));
  EXPECT_FALSE(view.apply(put(node("own", 1), 9)));
  EXPECT_TRUE(view.apply(gone(node("old"), 10)));
}

TEST(View, AListingTellsWhatATransactionChangedBefore) {
  View view(layout());
  view.note(put(node("own", 1), 9));
  EXPECT_THAT(view.replace({.entries = {entry(node("own", 1), 9)}, .revision = 9}),
              ElementsAre(layout().node("own")));
  EXPECT_THAT(view.replace({.entries = {entry(node("own", 1), 9)}, .revision = 9}), IsEmpty());
}

TEST(View, AStoreThatWasPutBackIsBelievedThoughItsRevisionsAreLower) {
  View view(layout());
  view.replace({.entries = {entry(node("a", 1), 90), entry(node("b"), 91)}, .revision = 100});
  view.note(put(node("c"), 101));

  view.replace({.entries = {entry(node("a", 2), 3)}, .revision = 4});

  EXPECT_EQ(view.nodes.size(), 1u);
  EXPECT_EQ(view.nodes.at("a").port, 2);
  EXPECT_TRUE(view.apply(put(node("a", 3), 5)));
  EXPECT_EQ(view.revision(), 5);
}

TEST(View, RemembersOnlySoManyKeysThatAreGone) {
  View view(layout());
  for (int i = 0; i < 50000; ++i) view.apply(gone(node("h" + std::to_string(i)), i + 1));
  EXPECT_FALSE(view.apply(put(node("h49999"), 49999))) << "the latest are remembered";
}

}  // namespace
}  // namespace fairlead::cluster
