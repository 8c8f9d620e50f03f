// The state of this host in one SQLite file.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/error.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace fairlead::store {

class SqliteStore final : public Store {
 public:
  // Makes the file if there is none, takes it for this process alone until the store is
  // destroyed, and brings an older schema up to date. Errors: conflict (another process has it),
  // unsupported (a newer schema), invalid_argument (not fairlead's), unavailable (damaged or
  // not writable). A damaged file is never overwritten.
  static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& path);

  Result<Snapshot> load() override;
  Status apply(const std::vector<Change>& changes) override;

 private:
  explicit SqliteStore(Database database) : database_(std::move(database)) {}

  Database database_;
};

}  // namespace fairlead::store
