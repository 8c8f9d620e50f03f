// etcd in memory, for tests of what stands above etcd::Client. tests/unit/etcd runs one and the
// same suite against this and a real etcd, so that it behaves as that does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "etcd/client.h"

namespace fairlead::test {

// One host's client of a store; other_host() gives further clients of the same store. Thread-safe.
class MemoryEtcd final : public etcd::Client {
 public:
  MemoryEtcd();
  ~MemoryEtcd() override;
  MemoryEtcd(const MemoryEtcd&) = delete;
  MemoryEtcd& operator=(const MemoryEtcd&) = delete;

  Result<etcd::Listing> list(const std::string& prefix) override;
  Result<etcd::KeyValue> get(const std::string& key) override;
  Result<etcd::Outcome> commit(const etcd::Transaction& transaction) override;
  Result<etcd::LeaseId> grant(std::chrono::seconds ttl) override;
  Status keep_alive(etcd::LeaseId lease) override;
  Status revoke(etcd::LeaseId lease) override;
  Result<etcd::Identity> identity() override;
  etcd::Ended watch(const std::string& prefix, etcd::Revision from,
                    const std::function<void()>& on_started, const OnEvents& on_events) override;
  void stop_watch() override;

  std::unique_ptr<MemoryEtcd> other_host();

  // --- this host's way to the store
  // Down: every call answers `unavailable` and the watch ends as lost; the store itself goes on.
  void down(bool is_down);
  // The next commit() is done, but its answer gets lost: `unavailable`.
  void lose_next_answer();
  // Runs once, at the start of the next commit() of this host: what another host does just before.
  void before_next_commit(std::function<void()> action);
  int commits() const;  // calls of commit() that reached the store
  int watches() const;  // calls of watch() that the store accepted

  // --- the store, for all hosts
  void put(const std::string& key, const std::string& value);  // as somebody else
  void erase(const std::string& key);
  // The lease runs out: its keys go. Leases never run out by themselves.
  void expire(etcd::LeaseId lease);
  void expire_all();
  // Drops the history up to now.
  void compact();
  // The quota is used up: puts and new leases are refused and identity() tells the alarm.
  void full(bool is_full);
  // An empty store with another cluster id stands in the place of this one.
  void wipe(std::uint64_t new_cluster_id);

 private:
  struct Store;
  explicit MemoryEtcd(std::shared_ptr<Store> store);

  struct Host;
  std::shared_ptr<Store> store_;
  std::unique_ptr<Host> host_;
};

}  // namespace fairlead::test
