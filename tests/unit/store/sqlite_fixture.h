// A store in a file of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "store/sqlite_store.h"
#include "store_support.h"

namespace fairlead::store {

class SqliteTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  // Again, as the next daemon would.
  void open() {
    store.reset();
    auto opened = SqliteStore::open(dir.file());
    ASSERT_TRUE(opened) << opened.error().message();
    store = std::move(*opened);
  }

  void apply(const std::vector<Change>& changes) {
    const auto done = store->apply(changes);
    EXPECT_TRUE(done) << done.error().message();
  }

  Snapshot load() {
    auto all = store->load();
    EXPECT_TRUE(all) << all.error().message();
    return all ? *all : Snapshot{};
  }

  TempDir dir;
  std::unique_ptr<SqliteStore> store;
};

}  // namespace fairlead::store
