#include "store/schema.h"

#include "store/sqlite_store.h"
#include "store_support.h"

namespace fairlead::store {
namespace {

constexpr const char* kFirst = "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('kept');";
constexpr const char* kSecond = "ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 7;";
constexpr const char* kBroken =
    "ALTER TABLE t ADD COLUMN c INTEGER; ALTER TABLE none ADD COLUMN c;";

class Schema : public testing::Test {
 protected:
  Database open() {
    auto database = Database::open(dir.file());
    EXPECT_TRUE(database) << database.error().message();
    return std::move(database.value());
  }

  TempDir dir;
};

TEST_F(Schema, OnlyWhatTheFileLacksIsRun) {
  const char* const one[] = {kFirst};
  const char* const two[] = {kFirst, kSecond};
  {
    Database database = open();
    ASSERT_TRUE(migrate(database, one));
    ASSERT_TRUE(migrate(database, one));
  }
  Database database = open();
  ASSERT_TRUE(migrate(database, two));
  EXPECT_EQ(database.query_text("SELECT a || b FROM t"), "kept7");
  EXPECT_EQ(database.query_text("PRAGMA user_version"), "2");
}

TEST_F(Schema, AStepThatFailsLeavesTheFileAsItWas) {
  const char* const one[] = {kFirst};
  const char* const broken[] = {kFirst, kBroken};
  Database database = open();
  ASSERT_TRUE(migrate(database, one));
  const auto done = migrate(database, broken);
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().message().starts_with("bring the schema from version 1 to 2: "))
      << done.error().message();
  EXPECT_EQ(database.query_text("PRAGMA user_version"), "1");
  EXPECT_EQ(database.query_text("SELECT count(*) FROM pragma_table_info('t')"), "1");
}

// What fairlead wrote before it knew of other hosts.
TEST_F(Schema, AStateFileOfVersion1IsReadAsItWas) {
  {
    Database database = open();
    ASSERT_TRUE(migrate(database, migrations().first(1)));
    const auto done = database.execute(R"sql(
INSERT INTO network VALUES ('n1', 7, '10.1.0.0/24', '10.1.0.1', '2001:db8::/64', NULL, 1450, 'web',
                            '198.18.0.1', 1, 0, 0);
INSERT INTO endpoint VALUES ('e1', 'n1', '10.1.0.5/24', NULL, '02:42:0a:01:00:05', 'fl1', 'flc1', '', 1);
INSERT INTO port VALUES ('e1', 0, 'tcp', '198.18.0.1', 8080, '10.1.0.5', 80);
INSERT INTO pool VALUES ('p', 'local', '10.1.0.0/24', '10.1.0.128/25',
                         '2025-11-21T01:30:05.000000007Z');
INSERT INTO lease VALUES ('p', '10.1.0.1', 'gateway', '2025-11-21T01:30:06.000000007Z', NULL),
                         ('p', '10.1.0.2', 'cooling', '2025-11-21T01:30:06.000000007Z',
                          '2025-11-21T01:31:05.000000007Z');)sql");
    ASSERT_TRUE(done) << done.error().message();
  }
  Network network = full_network("n1", 7);
  network.shared.clear();
  network.routed = network.shortcut = false;
  network.publish = {};
  network.rate = {};
  network.made_for_attachment = false;
  Endpoint endpoint = bare_endpoint("e1", "n1");
  endpoint.v4 = prefix("10.1.0.5/24");
  endpoint.mac = Mac::parse("02:42:0a:01:00:05").value();
  endpoint.host_device = "fl1";
  endpoint.container_device = "flc1";
  endpoint.joined = true;
  endpoint.ports = {{Protocol::tcp, address("198.18.0.1"), 8080, address("10.1.0.5"), 80}};
  ipam::Pool pool = full_pool("p");
  pool.shared.clear();
  pool.blocks.clear();

  auto store = SqliteStore::open(dir.file());
  ASSERT_TRUE(store) << store.error().message();
  const auto all = (*store)->load();
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->networks, std::vector{network});
  EXPECT_EQ(all->endpoints, std::vector{endpoint});
  EXPECT_EQ(all->pools, std::vector{pool});
  EXPECT_EQ(all->leases, (std::vector{full_lease("p", "10.1.0.1", ipam::Use::gateway),
                                      full_lease("p", "10.1.0.2", ipam::Use::cooling)}));
  EXPECT_TRUE(all->settings.empty() && all->cluster.empty() && all->peers.empty());
  EXPECT_TRUE((*store)->apply({full_lease("p", "10.1.0.3", ipam::Use::lent)}));
}

// What fairlead wrote before it knew who may reach a port, and before ranges.
TEST_F(Schema, AStateFileOfVersion2IsReadAsItWas) {
  {
    Database database = open();
    ASSERT_TRUE(migrate(database, migrations().first(2)));
    const auto done = database.execute(R"sql(
INSERT INTO network VALUES ('n1', 7, '10.1.0.0/24', '10.1.0.1', '2001:db8::/64', NULL, 1450, 'web',
                            '198.18.0.1', 1, 0, 0, 'of-the-cluster');
INSERT INTO endpoint VALUES ('e1', 'n1', NULL, NULL, '00:00:00:00:00:00', '', '', '', 0);
INSERT INTO port VALUES ('e1', 0, 'tcp', '198.18.0.1', 8080, '10.1.0.5', 80);)sql");
    ASSERT_TRUE(done) << done.error().message();
  }
  Network network = full_network("n1", 7);
  network.routed = network.shortcut = false;
  network.publish = {};
  network.rate = {};
  network.made_for_attachment = false;
  Endpoint endpoint = bare_endpoint("e1", "n1");
  endpoint.ports = {{Protocol::tcp, address("198.18.0.1"), 8080, address("10.1.0.5"), 80}};

  auto store = SqliteStore::open(dir.file());
  ASSERT_TRUE(store) << store.error().message();
  const auto all = (*store)->load();
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->networks, std::vector{network});
  EXPECT_EQ(all->endpoints, std::vector{endpoint});
  EXPECT_TRUE(all->port_rules.empty());
  EXPECT_TRUE((*store)->apply({full_network("n1", 7), full_rules({.number = 443})}));
}

// What fairlead wrote before a network could ask for the shortcut.
TEST_F(Schema, AStateFileOfVersion3IsReadAsItWas) {
  {
    Database database = open();
    ASSERT_TRUE(migrate(database, migrations().first(3)));
    const auto done = database.execute(R"sql(
INSERT INTO network VALUES ('n1', 7, '10.1.0.0/24', '10.1.0.1', '2001:db8::/64', NULL, 1450, 'web',
                            '198.18.0.1', 1, 0, 0, 'of-the-cluster', 1);)sql");
    ASSERT_TRUE(done) << done.error().message();
  }
  Network network = full_network("n1", 7);
  network.shortcut = false;
  network.publish = {};
  network.rate = {};
  network.made_for_attachment = false;

  auto store = SqliteStore::open(dir.file());
  ASSERT_TRUE(store) << store.error().message();
  const auto all = (*store)->load();
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->networks, std::vector{network});
}

// What fairlead wrote before there were rate limits.
TEST_F(Schema, AStateFileOfVersion4IsReadAsItWas) {
  {
    Database database = open();
    ASSERT_TRUE(migrate(database, migrations().first(4)));
    const auto done = database.execute(R"sql(
INSERT INTO network VALUES ('n1', 7, '10.1.0.0/24', '10.1.0.1', '2001:db8::/64', NULL, 1450, 'web',
                            '198.18.0.1', 1, 0, 0, 'of-the-cluster', 1, 1);
INSERT INTO endpoint VALUES ('e1', 'n1', NULL, NULL, '00:00:00:00:00:00', '', '', '', 0);)sql");
    ASSERT_TRUE(done) << done.error().message();
  }
  Network network = full_network("n1", 7);
  network.publish = {};
  network.rate = {};
  network.made_for_attachment = false;

  auto store = SqliteStore::open(dir.file());
  ASSERT_TRUE(store) << store.error().message();
  const auto all = (*store)->load();
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->networks, std::vector{network});
  EXPECT_EQ(all->endpoints, std::vector{bare_endpoint("e1", "n1")});
}

TEST_F(Schema, ANewerFileIsRefusedAndTheMessageSaysWhatToDo) {
  {
    Database database = open();
    ASSERT_TRUE(migrate(database, migrations()));
    ASSERT_TRUE(database.execute("PRAGMA user_version = 99"));
  }
  const auto store = SqliteStore::open(dir.file());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::unsupported);
  EXPECT_EQ(store.error().message(),
            "state file " + dir.file().string() + " has schema version 99, this fairleadd knows " +
                "versions up to " + std::to_string(migrations().size()) +
                ": a newer fairlead wrote it; install that one again, or move the file away to "
                "start with empty state");
}

TEST_F(Schema, SomebodyElsesDatabaseIsRefusedAndNotTouched) {
  {
    Database database = open();
    ASSERT_TRUE(database.execute("CREATE TABLE theirs (a TEXT)"));
  }
  const auto store = SqliteStore::open(dir.file());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Errc::invalid_argument);
  EXPECT_TRUE(store.error().message().find("is a database, but not fairlead's") !=
              std::string::npos)
      << store.error().message();
  Database database = open();
  EXPECT_EQ(database.query_text("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(database.query_text("SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(Schema, ANegativeVersionIsRefused) {
  {
    Database database = open();
    ASSERT_TRUE(database.execute("PRAGMA user_version = -1"));
  }
  EXPECT_FALSE(SqliteStore::open(dir.file()));
}

}  // namespace
}  // namespace fairlead::store
