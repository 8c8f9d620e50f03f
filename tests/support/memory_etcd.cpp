#include "memory_etcd.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace fairlead::test {
namespace {

using namespace etcd;

constexpr std::size_t kMaxOperations = 128;  // etcd's --max-txn-ops

bool under(const std::string& key, const std::string& prefix) { return key.starts_with(prefix); }

// What etcd refuses before it looks at the keys: etcdserver/api/v3rpc/key.go, checkTxnRequest().
Status check(const Transaction& transaction) {
  const auto wrong = [](const char* why) { return fail(Errc::invalid_argument, why); };
  if (std::max({transaction.when.size(), transaction.then.size(), transaction.read.size()}) >
      kMaxOperations) {
    return wrong("too many operations in txn request");
  }
  std::set<std::string> put;
  for (const auto& write : transaction.then) {
    const auto* each = std::get_if<Put>(&write);
    if (each == nullptr) continue;
    if (each->key.empty()) return wrong("key is not provided");
    if (!put.insert(each->key).second) return wrong("duplicate key given in txn request");
  }
  for (const auto& write : transaction.then) {
    const auto* each = std::get_if<Erase>(&write);
    if (each == nullptr) continue;
    if (each->key.empty()) return wrong("key is not provided");
    if (std::ranges::any_of(put, [each](const std::string& key) {
          return each->all_under ? under(key, each->key) : key == each->key;
        })) {
      return wrong("duplicate key given in txn request");
    }
  }
  return {};
}

std::unexpected<Error> unreachable() {
  return fail(Errc::unavailable, "the store was told to be away");
}

}  // namespace

struct MemoryEtcd::Store {
  struct Changed {
    Revision revision;
    Event event;
  };

  std::mutex mutex;
  std::condition_variable moved;  // a revision, or a reason for a watch to end
  std::map<std::string, KeyValue> keys;
  std::vector<Changed> history;
  std::set<LeaseId> leases;
  LeaseId last_lease = 7'000;
  Revision revision = 1;
  Revision compacted = 0;
  std::uint64_t cluster = 0x1001;
  unsigned wipes = 0;
  bool full = false;

  // With `mutex` held, these:
  KeyValue find(const std::string& key) const {
    const auto found = keys.find(key);
    return found == keys.end() ? KeyValue{.key = key} : found->second;
  }

  bool holds(const Compare& compare) const {
    switch (compare.what) {
      case Compare::What::absent:
        return !keys.contains(compare.key);
      case Compare::What::present:
        return keys.contains(compare.key);
      case Compare::What::modified_at:
        return find(compare.key).modified == compare.revision;
      case Compare::What::none_under: {
        const auto next = keys.lower_bound(compare.key);
        return next == keys.end() || !under(next->first, compare.key);
      }
    }
    return false;
  }

  void write(const Put& put, Revision at) {
    auto& entry = keys[put.key];
    entry = {.key = put.key,
             .value = put.value,
             .created = entry.created == 0 ? at : entry.created,
             .modified = at,
             .lease = put.lease};
    history.push_back({at, {.erased = false, .entry = entry}});
  }

  void write(const Erase& erase, Revision at) {
    auto next = keys.lower_bound(erase.key);
    while (next != keys.end() &&
           (erase.all_under ? under(next->first, erase.key) : next->first == erase.key)) {
      history.push_back({at, {.erased = true, .entry = {.key = next->first, .modified = at}}});
      next = keys.erase(next);
    }
  }

  // One revision for all of it, and none if nothing changed.
  void write(const std::vector<Write>& writes) {
    const std::size_t before = history.size();
    for (const auto& each : writes) {
      std::visit([this](const auto& one) { write(one, revision + 1); }, each);
    }
    if (history.size() != before) ++revision;
    moved.notify_all();
  }

  bool end_lease(LeaseId lease) {
    if (leases.erase(lease) == 0) return false;
    std::vector<Write> gone;
    for (const auto& [key, entry] : keys) {
      if (entry.lease == lease) gone.emplace_back(Erase{.key = key});
    }
    write(gone);
    return true;
  }
};

struct MemoryEtcd::Host {
  bool down = false;
  bool lose_answer = false;
  bool stopped = false;
  std::function<void()> before_commit;
  int commits = 0;
  int watches = 0;
};

MemoryEtcd::MemoryEtcd() : MemoryEtcd(std::make_shared<Store>()) {}
MemoryEtcd::MemoryEtcd(std::shared_ptr<Store> store)
    : store_(std::move(store)), host_(std::make_unique<Host>()) {}
MemoryEtcd::~MemoryEtcd() = default;

std::unique_ptr<MemoryEtcd> MemoryEtcd::other_host() {
  return std::unique_ptr<MemoryEtcd>(new MemoryEtcd(store_));
}

Result<Listing> MemoryEtcd::list(const std::string& prefix) {
  const std::lock_guard lock(store_->mutex);
  if (host_->down) return unreachable();
  Listing all{.entries = {}, .revision = store_->revision};
  for (auto next = store_->keys.lower_bound(prefix);
       next != store_->keys.end() && under(next->first, prefix); ++next) {
    all.entries.push_back(next->second);
  }
  return all;
}

Result<KeyValue> MemoryEtcd::get(const std::string& key) {
  const std::lock_guard lock(store_->mutex);
  if (host_->down) return unreachable();
  return store_->find(key);
}

Result<Outcome> MemoryEtcd::commit(const Transaction& transaction) {
  std::function<void()> before;
  {
    const std::lock_guard lock(store_->mutex);
    std::swap(before, host_->before_commit);
  }
  if (before) before();

  const std::lock_guard lock(store_->mutex);
  if (host_->down) return unreachable();
  ++host_->commits;
  if (auto right = check(transaction); !right) return std::unexpected(std::move(right).error());
  if (store_->full && std::ranges::any_of(transaction.then, [](const Write& write) {
        return std::holds_alternative<Put>(write);
      })) {
    return fail(Errc::exhausted, "mvcc: database space exceeded");
  }
  Outcome outcome;
  outcome.done = std::ranges::all_of(
      transaction.when, [this](const Compare& compare) { return store_->holds(compare); });
  if (outcome.done) {
    for (const auto& write : transaction.then) {
      const auto* put = std::get_if<Put>(&write);
      if (put != nullptr && put->lease != 0 && !store_->leases.contains(put->lease)) {
        return fail(Errc::not_found, "requested lease not found");
      }
    }
    store_->write(transaction.then);
  } else {
    for (const auto& key : transaction.read) {
      if (auto found = store_->find(key); found.created != 0) outcome.found.push_back(found);
    }
  }
  outcome.revision = store_->revision;
  if (std::exchange(host_->lose_answer, false)) return unreachable();
  return outcome;
}

Result<LeaseId> MemoryEtcd::grant(std::chrono::seconds) {
  const std::lock_guard lock(store_->mutex);
  if (host_->down) return unreachable();
  if (store_->full) return fail(Errc::exhausted, "mvcc: database space exceeded");
  store_->leases.insert(++store_->last_lease);
  return store_->last_lease;
}

Status MemoryEtcd::keep_alive(LeaseId lease) {
  const std::lock_guard lock(store_->mutex);
  if (host_->down) return unreachable();
  if (!store_->leases.contains(lease)) {
    return fail(Errc::not_found, "requested lease not found");
  }
  return {};
}

Status MemoryEtcd::revoke(LeaseId lease) {
  const std::lock_guard lock(store_->mutex);
  if (host_->down) return unreachable();
  if (!store_->end_lease(lease)) return fail(Errc::not_found, "requested lease not found");
  return {};
}

Result<Identity> MemoryEtcd::identity() {
  const std::lock_guard lock(store_->mutex);
  if (host_->down) return unreachable();
  Identity identity{.cluster = store_->cluster,
                    .member = 1,
                    .version = "3.4.23",
                    .endpoint = "memory",
                    .revision = store_->revision,
                    .alarms = {}};
  if (store_->full) identity.alarms.emplace_back("NOSPACE on member 1");
  return identity;
}

Ended MemoryEtcd::watch(const std::string& prefix, Revision from,
                        const std::function<void()>& on_started, const OnEvents& on_events) {
  std::unique_lock lock(store_->mutex);
  if (host_->stopped) return {WatchEnd::stopped, "stopped"};
  if (host_->down) return {WatchEnd::lost, "the store was told to be away"};
  if (from != 0 && from <= store_->compacted) {
    return {WatchEnd::compacted, "required revision has been compacted"};
  }
  const unsigned wipes = store_->wipes;
  Revision next = from == 0 ? store_->revision + 1 : from;
  ++host_->watches;
  lock.unlock();
  if (on_started) on_started();
  lock.lock();
  for (;;) {
    store_->moved.wait(lock, [&] {
      return host_->stopped || host_->down || store_->wipes != wipes || store_->revision >= next;
    });
    if (host_->stopped) return {WatchEnd::stopped, "stopped"};
    if (host_->down) return {WatchEnd::lost, "the store was told to be away"};
    if (store_->wipes != wipes) return {WatchEnd::lost, "the store was replaced"};
    if (next <= store_->compacted) {
      return {WatchEnd::compacted, "required revision has been compacted"};
    }
    std::vector<Event> events;
    for (const auto& [revision, event] : store_->history) {
      if (revision >= next && under(event.entry.key, prefix)) events.push_back(event);
    }
    next = store_->revision + 1;
    if (events.empty()) continue;
    const Revision revision = events.back().entry.modified;
    lock.unlock();
    on_events(std::move(events), revision);
    lock.lock();
  }
}

void MemoryEtcd::stop_watch() {
  const std::lock_guard lock(store_->mutex);
  host_->stopped = true;
  store_->moved.notify_all();
}

void MemoryEtcd::down(bool is_down) {
  const std::lock_guard lock(store_->mutex);
  host_->down = is_down;
  store_->moved.notify_all();
}

void MemoryEtcd::lose_next_answer() {
  const std::lock_guard lock(store_->mutex);
  host_->lose_answer = true;
}

void MemoryEtcd::before_next_commit(std::function<void()> action) {
  const std::lock_guard lock(store_->mutex);
  host_->before_commit = std::move(action);
}

int MemoryEtcd::commits() const {
  const std::lock_guard lock(store_->mutex);
  return host_->commits;
}

int MemoryEtcd::watches() const {
  const std::lock_guard lock(store_->mutex);
  return host_->watches;
}

void MemoryEtcd::put(const std::string& key, const std::string& value) {
  const std::lock_guard lock(store_->mutex);
  store_->write({Put{.key = key, .value = value}});
}

void MemoryEtcd::erase(const std::string& key) {
  const std::lock_guard lock(store_->mutex);
  store_->write({Erase{.key = key}});
}

void MemoryEtcd::expire(LeaseId lease) {
  const std::lock_guard lock(store_->mutex);
  store_->end_lease(lease);
}

void MemoryEtcd::expire_all() {
  const std::lock_guard lock(store_->mutex);
  while (!store_->leases.empty()) store_->end_lease(*store_->leases.begin());
}

void MemoryEtcd::compact() {
  const std::lock_guard lock(store_->mutex);
  store_->compacted = store_->revision;
  store_->history.clear();
}

void MemoryEtcd::full(bool is_full) {
  const std::lock_guard lock(store_->mutex);
  store_->full = is_full;
}

void MemoryEtcd::wipe(std::uint64_t new_cluster_id) {
  const std::lock_guard lock(store_->mutex);
  store_->keys.clear();
  store_->history.clear();
  store_->leases.clear();
  store_->revision = 1;
  store_->compacted = 0;
  store_->cluster = new_cluster_id;
  store_->full = false;
  ++store_->wipes;
  store_->moved.notify_all();
}

}  // namespace fairlead::test
