#include "store/sqlite_store.h"

#include <sys/stat.h>

#include <fstream>

#include "sqlite_fixture.h"

namespace fairlead::store {
namespace {

class SqliteStoreTest : public SqliteTest {
 protected:
  // What a person would do to the file with sqlite3.
  void by_hand(const std::string& sql) {
    store.reset();
    auto database = Database::open(dir.file());
    ASSERT_TRUE(database) << database.error().message();
    const auto done = database->execute(sql);
    ASSERT_TRUE(done) << done.error().message();
  }
};

TEST_F(SqliteStoreTest, ANewOneIsEmpty) {
  const auto all = load();
  EXPECT_TRUE(all.networks.empty() && all.endpoints.empty() && all.pools.empty() &&
              all.leases.empty());
  apply({});
}

TEST_F(SqliteStoreTest, EveryFieldSurvivesAReopen) {
  const std::string pool = "local/10.1.0.0/24/10.1.0.128/25";
  const Network network = full_network("n1", 4'294'967'295);
  const Endpoint endpoint = full_endpoint("e1", "n1");
  const std::vector leases{full_lease(pool, "10.1.0.1", ipam::Use::gateway),
                           full_lease(pool, "10.1.0.2", ipam::Use::cooling),
                           full_lease(pool, "10.1.0.3", ipam::Use::endpoint),
                           full_lease(pool, "10.1.0.4", ipam::Use::lent)};
  apply({network, endpoint, full_pool(pool), leases[0], leases[1], leases[2], leases[3]});
  open();
  const auto all = load();
  EXPECT_EQ(all.networks, std::vector{network});
  EXPECT_EQ(all.endpoints, std::vector{endpoint});
  EXPECT_EQ(all.pools, std::vector{full_pool(pool)});
  EXPECT_EQ(all.leases, leases);
}

TEST_F(SqliteStoreTest, WhatIsAbsentStaysAbsent) {
  const Network network{.key = "bare", .id = 1, .v4 = {}, .v6 = {}};
  const Endpoint endpoint = bare_endpoint("bare", "bare");
  const ipam::Pool pool{
      .id = "p", .space = "local", .prefix = prefix("10.1.0.0/24"), .range = {}, .blocks = {}};
  const ipam::Lease lease{.pool = "p", .address = address("10.1.0.1")};
  apply({network, endpoint, pool, lease});
  open();
  const auto all = load();
  EXPECT_EQ(all.networks, std::vector{network});
  EXPECT_EQ(all.endpoints, std::vector{endpoint});
  EXPECT_EQ(all.pools, std::vector{pool});
  EXPECT_EQ(all.leases, std::vector{lease});
}

TEST_F(SqliteStoreTest, PuttingReplaces) {
  apply({full_network("n1", 1), full_endpoint("e1", "n1"), full_pool("p"),
         full_lease("p", "10.1.0.5")});
  Network network{.key = "n1", .id = 2, .v4 = {}, .v6 = {}};
  Endpoint endpoint = bare_endpoint("e1", "n1");
  endpoint.ports = {{Protocol::tcp, address("198.18.0.9"), 1, address("10.1.0.9"), 2}};
  ipam::Pool pool = full_pool("p");
  pool.range.reset();
  pool.blocks = {prefix("10.1.0.64/28")};
  const auto lease = full_lease("p", "10.1.0.5", ipam::Use::cooling);
  apply({network, endpoint, pool, lease});
  const auto all = load();
  EXPECT_EQ(all.networks, std::vector{network});
  EXPECT_EQ(all.endpoints, std::vector{endpoint});
  EXPECT_EQ(all.pools, std::vector{pool});
  EXPECT_EQ(all.leases, std::vector{lease});
}

TEST_F(SqliteStoreTest, ErasingTakesWhatBelongsToItAndNothingElse) {
  apply({full_network("n1", 1), full_network("n2", 2), full_endpoint("e1", "n1"),
         full_endpoint("e2", "n1"), full_pool("p"), full_pool("q"), full_lease("p", "10.1.0.1"),
         full_lease("q", "10.1.0.1"), full_lease("q", "10.1.0.2")});
  apply({EraseNetwork{"n1"}, EraseEndpoint{"e1"}, ErasePool{"p"},
         EraseLease{"q", address("10.1.0.1")}});
  const auto all = load();
  EXPECT_EQ(all.networks, std::vector{full_network("n2", 2)});
  EXPECT_EQ(all.endpoints, std::vector{full_endpoint("e2", "n1")});
  EXPECT_EQ(all.pools, std::vector{full_pool("q")});
  EXPECT_EQ(all.leases, std::vector{full_lease("q", "10.1.0.2")});
}

TEST_F(SqliteStoreTest, ErasingWhatIsNotThereSucceeds) {
  apply({EraseNetwork{"x"}, EraseEndpoint{"x"}, ErasePool{"x"},
         EraseLease{"x", address("10.1.0.1")}});
}

TEST_F(SqliteStoreTest, AnErasedEndpointLeavesNoPortsToTheNextOfItsName) {
  apply({full_endpoint("e1", "n1")});
  apply({EraseEndpoint{"e1"}});
  const Endpoint bare = bare_endpoint("e1", "n1");
  apply({bare});
  EXPECT_EQ(load().endpoints, std::vector{bare});
}

TEST_F(SqliteStoreTest, AnErasedPoolLeavesNoBlocks) {
  apply({full_pool("p"), full_pool("q")});
  apply({ErasePool{"p"}});
  store.reset();
  const auto database = Database::open(dir.file());
  ASSERT_TRUE(database);
  EXPECT_EQ(database->query_text("SELECT group_concat(DISTINCT pool) FROM block"), "q");
}

TEST_F(SqliteStoreTest, ABatchIsAppliedWholeOrNotAtAll) {
  apply({full_network("n1", 1)});
  const auto done =
      store->apply({full_network("n2", 2), EraseNetwork{"n1"}, full_network("n3", 0)});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::internal);
  EXPECT_NE(done.error().message().find("id > 0"), std::string::npos) << done.error().message();
  EXPECT_EQ(load().networks, std::vector{full_network("n1", 1)});
  apply({full_network("n4", 4)});  // and the store can still be used
  EXPECT_EQ(load().networks.size(), 2U);
}

TEST_F(SqliteStoreTest, TwoNetworksCannotShareAnId) {
  apply({full_network("n1", 1)});
  EXPECT_FALSE(store->apply({full_network("n2", 1)}));
  EXPECT_EQ(load().networks, std::vector{full_network("n1", 1)});
}

TEST_F(SqliteStoreTest, HostileTextIsDataOnly) {
  using namespace std::string_literals;
  Network network = full_network("n'; DROP TABLE network; --", 1);
  network.interface_prefix = "a\0b\"'\xff"s;
  apply({network});
  open();
  EXPECT_EQ(load().networks, std::vector{network});
  apply({EraseNetwork{network.key}});
  EXPECT_TRUE(load().networks.empty());
}

TEST_F(SqliteStoreTest, ManyPortsAreKeptInOrder) {
  Endpoint endpoint = full_endpoint("e1", "n1");
  endpoint.ports.clear();
  for (std::uint16_t port = 2000; port > 1000; --port) {
    endpoint.ports.push_back(
        {Protocol::tcp, Address::any(Family::v4), port, address("10.1.0.5"), port});
  }
  apply({endpoint});
  EXPECT_EQ(load().endpoints, std::vector{endpoint});
}

TEST_F(SqliteStoreTest, ASecondOpenerIsRefusedEvenInTheSameProcess) {
  const auto second = SqliteStore::open(dir.file());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  apply({full_network("n1", 1)});
}

TEST_F(SqliteStoreTest, OnlyItsOwnerMayReadTheFile) {
  apply({full_network("n1", 1)});
  for (const char* name : {"state.db", "state.db-wal"}) {
    struct stat info {};
    ASSERT_EQ(::stat(dir.file(name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(SqliteStoreTest, APersonCanReadTheTables) {
  apply({full_network("n1", 1), full_endpoint("e1", "n1"),
         full_lease("p", "10.1.0.2", ipam::Use::cooling)});
  store.reset();
  auto database = Database::open(dir.file());
  ASSERT_TRUE(database);
  EXPECT_EQ(database->query_text("SELECT v4_pool || ' ' || v4_gateway FROM network"),
            "10.1.0.0/24 10.1.0.1");
  EXPECT_EQ(database->query_text("SELECT host_address || ':' || host_port || '->' || "
                                 "container_port || '/' || protocol FROM port WHERE position = 1"),
            "198.18.0.1:8080->80/tcp");
  EXPECT_EQ(database->query_text("SELECT use || ' ' || datetime(until) FROM lease"),
            "cooling 2025-11-21 01:31:05");
}

TEST_F(SqliteStoreTest, ACellThatMakesNoSenseIsNamedByTableRowAndColumn) {
  apply({full_network("n1", 1)});
  by_hand("UPDATE network SET v4_gateway = '10.1.0.x'");
  open();
  const auto all = store->load();
  ASSERT_FALSE(all);
  EXPECT_EQ(
      all.error().message(),
      "state file " + dir.file().string() +
          ", table network, row \"n1\", column v4_gateway: \"10.1.0.x\" is not an IP address: "
          "expected a form like 192.0.2.1 or 2001:db8::1; correct it with sqlite3, or move "
          "the file away to start with empty state");
}

TEST_F(SqliteStoreTest, ANumberOutOfRangeIsRefused) {
  apply({full_network("n1", 1)});
  by_hand("UPDATE network SET mtu = -1");
  open();
  const auto all = store->load();
  ASSERT_FALSE(all);
  EXPECT_NE(all.error().message().find("column mtu: -1 is too large or negative"),
            std::string::npos)
      << all.error().message();
}

TEST_F(SqliteStoreTest, ARubbishFileIsRefusedAndKept) {
  store.reset();
  const std::string rubbish(8192, '?');
  std::ofstream(dir.file("rubbish.db")) << rubbish;
  const auto opened = SqliteStore::open(dir.file("rubbish.db"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::unavailable);
  EXPECT_EQ(opened.error().message(),
            "state file " + dir.file("rubbish.db").string() +
                ": file is not a database; the file is damaged: put back a copy of it, or move it "
                "and its -wal file away to start with empty state, and make the networks again");
  std::ifstream in(dir.file("rubbish.db"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), rubbish);
}

TEST_F(SqliteStoreTest, DamageInTheMiddleOfTheFileIsFoundAtOpen) {
  std::vector<Change> changes;
  for (NetworkId id = 1; id < 500; ++id) {
    changes.emplace_back(full_network("network-" + std::to_string(id), id));
  }
  apply(changes);
  store.reset();
  const auto size = std::filesystem::file_size(dir.file());
  ASSERT_GT(size, 40000U);
  std::fstream file(dir.file(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file << std::string(9000, '\x5a');
  file.close();
  const auto opened = SqliteStore::open(dir.file());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Errc::unavailable) << opened.error().message();
  EXPECT_NE(opened.error().message().find("the file is damaged"), std::string::npos)
      << opened.error().message();
}

TEST_F(SqliteStoreTest, AFolderThatIsMissingIsNamed) {
  const auto opened = SqliteStore::open(dir.file("none/state.db"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message(), "make state file " + dir.file("none/state.db").string() +
                                          ": No such file or directory");
}

}  // namespace
}  // namespace fairlead::store
