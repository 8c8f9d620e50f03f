// What is left after the process died.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "store/rows.h"
#include "store/sqlite_store.h"
#include "store_support.h"

namespace fairlead::store {
namespace {

// Runs `body` in a child, which must never come back to the test.
pid_t in_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  body();
  ::_exit(0);
}

int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

Snapshot load(const std::filesystem::path& path) {
  auto store = SqliteStore::open(path);
  EXPECT_TRUE(store) << store.error().message();
  if (!store) return {};
  auto all = (*store)->load();
  EXPECT_TRUE(all) << all.error().message();
  return all ? *all : Snapshot{};
}

TEST(Crash, DeathInTheMiddleOfATransactionLeavesTheOldState) {
  const TempDir dir;
  const auto path = dir.file();
  {
    auto store = SqliteStore::open(path);
    ASSERT_TRUE(store) << store.error().message();
    ASSERT_TRUE((*store)->apply({full_network("n1", 1)}));
  }
  const pid_t child = in_child([&path] {
    auto database = Database::open(path);
    // A tiny cache makes SQLite write pages of the open transaction to the file.
    if (!database || !database->execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = 1;"
                                        "BEGIN IMMEDIATE")) {
      ::_exit(1);
    }
    Statements statements(*database);
    for (NetworkId id = 2; id < 2000; ++id) {
      if (!put(statements, full_network("n" + std::to_string(id), id))) ::_exit(1);
    }
    if (!erase(statements, EraseNetwork{"n1"})) ::_exit(1);
    ::_exit(7);  // no COMMIT, no destructor
  });
  const int status = wait_for(child);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 7);

  const auto all = load(path);
  ASSERT_EQ(all.networks.size(), 1U);
  EXPECT_EQ(all.networks[0], full_network("n1", 1));
}

TEST(Crash, KilledAtAnyMomentLeavesAWholeBatch) {
  const TempDir dir;
  const auto path = dir.file();
  constexpr int kBatch = 50;
  for (const int milliseconds : {5, 20, 60, 250}) {
    const pid_t child = in_child([&path] {
      auto store = SqliteStore::open(path);
      if (!store) ::_exit(1);
      for (int round = 0;; ++round) {
        std::vector<Change> changes{ErasePool{"p"}, full_pool("p")};
        for (int i = 0; i < kBatch; ++i) {
          auto lease = full_lease("p", "10.1.0.1");
          lease.address = lease.address.plus(static_cast<std::uint64_t>(i));
          lease.since = at(round);
          changes.emplace_back(lease);
        }
        if (!(*store)->apply(changes)) ::_exit(1);
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    EXPECT_TRUE(WIFSIGNALED(wait_for(child)));

    const auto all = load(path);
    if (all.pools.empty()) {
      EXPECT_TRUE(all.leases.empty());
      continue;
    }
    ASSERT_EQ(all.leases.size(), static_cast<std::size_t>(kBatch));
    for (const auto& lease : all.leases) EXPECT_EQ(lease.since, all.leases[0].since);
  }
  EXPECT_FALSE(load(path).pools.empty()) << "no child lived long enough to show anything";
}

TEST(Crash, AnotherProcessHoldingTheFileIsNamedAndItsEndFreesIt) {
  const TempDir dir;
  const auto path = dir.file();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = in_child([&] {
    auto store = SqliteStore::open(path);
    const char byte = store ? 'y' : 'n';
    (void)!::write(ready[1], &byte, 1);
    ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');

  const auto second = SqliteStore::open(path);
  EXPECT_FALSE(second);
  if (!second) {
    EXPECT_EQ(second.error().code(), Errc::conflict);
    EXPECT_EQ(second.error().message(),
              "state file " + path.string() +
                  ": database is locked; another process has it open: stop the other fairleadd, "
                  "or give this one a state folder of its own");
  }
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  wait_for(child);
  ::close(ready[0]);
  ::close(ready[1]);
  const auto third = SqliteStore::open(path);
  EXPECT_TRUE(third) << third.error().message();
}

}  // namespace
}  // namespace fairlead::store
