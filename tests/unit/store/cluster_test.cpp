// What a host remembers of its cluster.
#include "sqlite_fixture.h"
#include "store/sqlite_store.h"

namespace fairlead::store {
namespace {

using Cluster = SqliteTest;

TEST_F(Cluster, EverythingSurvivesAReopen) {
  using namespace std::string_literals;
  const Setting setting{"cluster.uuid", "a-b-c"};
  const ClusterEntry entry{"/fairlead/v1/default/meta", "\"\0\xff'"s, 1, INT64_MAX};
  const PeerNumber peer{"host-b", 4'294'967'295};
  apply({setting, entry, peer});
  open();
  const auto all = load();
  EXPECT_EQ(all.settings, std::vector{setting});
  EXPECT_EQ(all.cluster, std::vector{entry});
  EXPECT_EQ(all.peers, std::vector{peer});
}

TEST_F(Cluster, PuttingReplaces) {
  apply({Setting{"a", "1"}, ClusterEntry{"k", "1", 1, 1}, PeerNumber{"b", 1}});
  apply({Setting{"a", "2"}, ClusterEntry{"k", "2", 1, 9}, PeerNumber{"b", 2}});
  const auto all = load();
  EXPECT_EQ(all.settings, (std::vector<Setting>{{"a", "2"}}));
  EXPECT_EQ(all.cluster, (std::vector<ClusterEntry>{{"k", "2", 1, 9}}));
  EXPECT_EQ(all.peers, (std::vector<PeerNumber>{{"b", 2}}));
}

TEST_F(Cluster, ErasingTakesTheOneThatIsNamed) {
  apply({Setting{"a", "1"}, Setting{"b", "1"}, ClusterEntry{"k", "1", 1, 1},
         ClusterEntry{"l", "1", 1, 1}, PeerNumber{"b", 1}, PeerNumber{"c", 2}});
  apply({EraseSetting{"a"}, EraseSetting{"none"}, EraseClusterEntry{"k"}, EraseClusterEntry{"none"},
         ErasePeerNumber{"b"}, ErasePeerNumber{"none"}});
  const auto all = load();
  EXPECT_EQ(all.settings, (std::vector<Setting>{{"b", "1"}}));
  EXPECT_EQ(all.cluster, (std::vector<ClusterEntry>{{"l", "1", 1, 1}}));
  EXPECT_EQ(all.peers, (std::vector<PeerNumber>{{"c", 2}}));
}

TEST_F(Cluster, ErasingTheClusterTakesEveryEntryAndNothingElse) {
  apply({Setting{"a", "1"}, PeerNumber{"b", 1}, full_network("n1", 1), full_pool("p")});
  apply({ClusterEntry{"k", "1", 1, 1}, ClusterEntry{"l", "1", 1, 1}});
  apply({EraseCluster{}, ClusterEntry{"m", "1", 2, 2}});
  const auto all = load();
  EXPECT_EQ(all.cluster, (std::vector<ClusterEntry>{{"m", "1", 2, 2}}));
  EXPECT_EQ(all.settings.size(), 1U);
  EXPECT_EQ(all.peers.size(), 1U);
  EXPECT_EQ(all.networks.size(), 1U);
  EXPECT_EQ(all.pools, std::vector{full_pool("p")});
}

TEST_F(Cluster, TwoHostsCannotShareANumberButOneCanInheritIt) {
  apply({PeerNumber{"b", 1}});
  EXPECT_FALSE(store->apply({PeerNumber{"c", 1}}));
  EXPECT_FALSE(store->apply({PeerNumber{"c", 0}}));
  EXPECT_EQ(load().peers, (std::vector<PeerNumber>{{"b", 1}}));
  apply({ErasePeerNumber{"b"}, PeerNumber{"c", 1}});
  EXPECT_EQ(load().peers, (std::vector<PeerNumber>{{"c", 1}}));
}

TEST_F(Cluster, ABatchOfThousandsOfEntriesIsAppliedWholeOrNotAtAll) {
  std::vector<Change> changes{EraseCluster{}};
  constexpr int kMany = 20'000;
  for (int i = 0; i < kMany; ++i) {
    changes.emplace_back(ClusterEntry{"/eps/" + std::to_string(i), "{}", i + 1, i + 1});
  }
  apply(changes);
  EXPECT_EQ(load().cluster.size(), static_cast<std::size_t>(kMany));
  changes.emplace_back(PeerNumber{"bad", 0});
  changes.emplace_back(ClusterEntry{"after", "", 1, 1});
  EXPECT_FALSE(store->apply(changes));
  EXPECT_EQ(load().cluster.size(), static_cast<std::size_t>(kMany));
}

TEST_F(Cluster, AStatementIsPreparedOnceForAllRows) {
  store.reset();
  auto database = Database::open(dir.file());
  ASSERT_TRUE(database);
  Statements statements(*database);
  constexpr const char* kSql = "SELECT 1";
  const auto first = statements.get(kSql);
  const auto again = statements.get(kSql);
  const auto other = statements.get("SELECT 2");
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *other);
  EXPECT_FALSE(statements.get("SELECT nonsense"));
}

TEST_F(Cluster, APersonCanReadTheTables) {
  apply({full_pool("p"), full_network("n1", 1)});
  store.reset();
  auto database = Database::open(dir.file());
  ASSERT_TRUE(database);
  EXPECT_EQ(database->query_text("SELECT group_concat(prefix, ' ') FROM block"),
            "10.1.0.192/28 10.1.0.128/28");
  EXPECT_EQ(database->query_text("SELECT network.shared || ' ' || pool.shared FROM network, pool"),
            "of-the-cluster 10.1.0.0-24");
}

}  // namespace
}  // namespace fairlead::store
