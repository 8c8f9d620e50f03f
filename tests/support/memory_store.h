// A store that forgets, for tests of what stands above it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "store/store.h"

namespace fairlead::test {

class MemoryStore final : public store::Store {
 public:
  MemoryStore();
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  Result<store::Snapshot> load() override;
  Status apply(const std::vector<store::Change>& changes) override;

  // The `skip`-th call of load() or apply() from now fails and changes nothing; those after it
  // succeed again.
  void fail_next(int skip = 0) { fail_in_ = skip; }

  int applied() const { return applied_; }  // calls of apply() that succeeded

 private:
  struct Rows;

  std::optional<Error> take_failure();

  std::unique_ptr<Rows> rows_;
  int fail_in_ = -1;
  int applied_ = 0;
};

}  // namespace fairlead::test
