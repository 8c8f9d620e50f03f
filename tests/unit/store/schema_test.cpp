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
