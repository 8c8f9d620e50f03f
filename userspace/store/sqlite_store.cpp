#include "store/sqlite_store.h"

#include <algorithm>
#include <variant>

#include "store/rows.h"
#include "store/schema.h"

namespace fairlead::store {

namespace {

// EXCLUSIVE before the first access: the lock is kept between transactions, and the write-ahead
// log needs no shared memory.
constexpr const char* kTake =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "BEGIN EXCLUSIVE; COMMIT";

// FULL syncs the log at every commit (one disk write, milliseconds), NORMAL leaves that to the
// kernel: what was committed outlives this process, however it ends, and a power cut may take
// the last seconds but never leaves half a change.
constexpr const char* kBeginOnDisk = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
constexpr const char* kBegin = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";

template <typename... Kind>
bool is_any(const Change& change) {
  return (std::holds_alternative<Kind>(change) || ...);
}

// Docker remembers networks and their pools over a power cut, so they are on the disk before it
// hears of them; so is what people said at run time of who may reach a port, and what the cluster
// counts on, blocks and the word that this host is in it.
// Endpoints, ports and leases of endpoints end with the power: so do their devices. What the
// cluster's store says is read there again, and peers' numbers are of maps that are gone too.
bool must_outlive_power(const Change& change) {
  return is_any<Network, EraseNetwork, ipam::Pool, ErasePool, Setting, EraseSetting, PortRules,
                ErasePortRules>(change);
}

// After the checks: it writes to the file, which may be somebody else's.
Status use_write_ahead_log(const Database& database) {
  auto mode = database.query_text("PRAGMA journal_mode = WAL");
  if (!mode) return std::unexpected(std::move(mode).error());
  if (*mode == "wal") return {};
  return fail(Errc::unavailable, "state file " + database.path().string() +
                                     ": no write-ahead log on this file system; set another state "
                                     "folder");
}

Status check_health(const Database& database) {
  auto verdict = database.query_text("PRAGMA quick_check(1)");
  if (!verdict) return std::unexpected(std::move(verdict).error());
  if (*verdict == "ok") return {};
  return fail(Errc::unavailable,
              "state file " + database.path().string() + ": " + *verdict +
                  "; the file is damaged: put back a copy of it, or move it and its -wal file "
                  "away to start with empty state, and make the networks again");
}

struct Apply {
  Statements& statements;

  template <typename Value>
  Status operator()(const Value& value) const {
    if constexpr (requires { put(statements, value); }) {
      return put(statements, value);
    } else {
      return erase(statements, value);
    }
  }
};

Status apply_all(Database& database, const std::vector<Change>& changes) {
  Statements statements(database);
  for (const auto& change : changes) {
    if (auto done = std::visit(Apply{statements}, change); !done) return done;
  }
  return database.execute("COMMIT");
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& path) {
  auto database = Database::open(path);
  if (!database) return std::unexpected(std::move(database).error());
  auto done = database->execute(kTake);
  if (done) done = check_health(*database);
  if (done) done = migrate(*database, migrations());
  if (done) done = use_write_ahead_log(*database);
  if (!done) return std::unexpected(std::move(done).error());
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(*database)));
}

Result<Snapshot> SqliteStore::load() { return read_all(database_); }

Status SqliteStore::apply(const std::vector<Change>& changes) {
  if (changes.empty()) return {};
  const bool on_disk = std::ranges::any_of(changes, must_outlive_power);
  if (auto begun = database_.execute(on_disk ? kBeginOnDisk : kBegin); !begun) return begun;
  auto done = apply_all(database_, changes);
  // Fails when SQLite has rolled back itself, as it does on a full disk.
  if (!done) (void)database_.execute("ROLLBACK");
  return done;
}

}  // namespace fairlead::store
