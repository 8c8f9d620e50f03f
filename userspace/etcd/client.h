// A key-value store with revisions, transactions, leases and watches: etcd v3.
//
// Every call blocks its thread for its deadline at most, list() for each of its pages;
// `unavailable` says that no endpoint gave an answer in time, and what each of them said. After
// `unavailable` a transaction may or may not have been done: whoever repeats it reads first.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace fairlead::etcd {

using Revision = std::int64_t;
using LeaseId = std::int64_t;  // 0: none

struct KeyValue {
  std::string key;
  std::string value;
  Revision created = 0;  // 0: there is no such key
  Revision modified = 0;
  LeaseId lease = 0;

  bool operator==(const KeyValue&) const = default;
};

struct Listing {
  std::vector<KeyValue> entries;  // in order of keys
  Revision revision = 0;          // of the whole store, that all of them were read at
};

// All conditions of a transaction must hold.
struct Compare {
  enum class What : std::uint8_t {
    absent,  // no such key
    present,
    modified_at,  // KeyValue::modified == revision
    none_under,   // no key begins with `key`
  };
  What what = What::absent;
  std::string key;
  Revision revision = 0;  // of modified_at only
};

struct Put {
  std::string key;
  std::string value;
  LeaseId lease = 0;
};
struct Erase {
  std::string key;
  bool all_under = false;  // every key that begins with `key`
};
using Write = std::variant<Put, Erase>;

struct Transaction {
  std::vector<Compare> when;
  std::vector<Write> then;        // a key at most once; etcd takes 128 operations
  std::vector<std::string> read;  // keys to read if a condition does not hold
};

struct Outcome {
  bool done = false;
  Revision revision = 0;
  std::vector<KeyValue> found;  // if not done: those of Transaction::read that exist
};

// Which store is it? A changed cluster id means that it was replaced.
struct Identity {
  std::uint64_t cluster = 0;
  std::uint64_t member = 0;
  std::string version;   // "3.4.23"
  std::string endpoint;  // that answered
  Revision revision = 0;
  std::vector<std::string> alarms;  // "NOSPACE on member 8e9e05c52164694d"
};

struct Event {
  bool erased = false;
  KeyValue entry;  // erased: key and modified only
};

// How a watch ended.
enum class WatchEnd : std::uint8_t {
  stopped,    // by stop_watch()
  compacted,  // the revision asked for is gone: list again
  lost,       // no answer, or the stream broke: connect again
};

struct Ended {
  WatchEnd how = WatchEnd::stopped;
  std::string why;  // for people
};

// Thread-safe.
class Client {
 public:
  virtual ~Client() = default;

  // Every key that begins with `prefix`, all read at one revision, in pages.
  virtual Result<Listing> list(const std::string& prefix) = 0;
  // One key; created == 0 if there is none.
  virtual Result<KeyValue> get(const std::string& key) = 0;
  virtual Result<Outcome> commit(const Transaction& transaction) = 0;

  // `ttl` is rounded up to seconds. keep_alive: not_found if the lease has run out.
  virtual Result<LeaseId> grant(std::chrono::seconds ttl) = 0;
  virtual Status keep_alive(LeaseId lease) = 0;
  virtual Status revoke(LeaseId lease) = 0;

  virtual Result<Identity> identity() = 0;

  // Calls `on_events` with each batch, in order, on the calling thread, from revision `from` on,
  // until the watch ends. `on_started` is called once the store has accepted the watch. An idle
  // watch whose member has died or lost its leader ends as lost within some 20 s.
  using OnEvents = std::function<void(std::vector<Event> events, Revision revision)>;
  virtual Ended watch(const std::string& prefix, Revision from,
                      const std::function<void()>& on_started, const OnEvents& on_events) = 0;
  // Ends the watch under way, and any later one at once. From any thread.
  virtual void stop_watch() = 0;
};

}  // namespace fairlead::etcd
