// Writes that need no answer: the latest word on each key, repeated until it is in the store.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/backoff.h"
#include "cluster/contact.h"

namespace fairlead::cluster {

class WriteBack {
 public:
  explicit WriteBack(Contact& contact);

  // Any thread. nullopt: the key is to go.
  void want(const std::string& key, std::optional<std::string> value);
  std::size_t pending() const;
  bool flush(std::chrono::milliseconds deadline);

  // What the store says; the following thread.
  void heard(const etcd::Listing& listing);
  void heard(const std::vector<etcd::Event>& events);

  // Writes what is due, one transaction; the writing thread. Returns when to call again.
  Steady::time_point step(Steady::time_point now);

 private:
  struct Known {
    std::optional<std::string> value;  // nullopt: erased at that revision
    etcd::Revision at = 0;
  };
  struct Wanted {
    std::optional<std::string> value;
    unsigned word = 0;  // which call of want() said so
  };
  using Chunk = std::vector<std::pair<std::string, Wanted>>;

  bool is_own(const std::string& key) const;
  bool is_so(const std::string& key, const Wanted& wanted) const;
  void note(const std::string& key, Known known);
  Chunk take_chunk();
  Result<bool> commit(const Chunk& chunk);
  void done(const Chunk& chunk);

  Contact& contact_;
  const std::string below_;   // "/<node>/", which every key of this host's own has in it
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable empty_;
  std::map<std::string, Wanted> pending_;
  std::map<std::string, Known> known_;  // this host's own keys in the store
  unsigned words_ = 0;

  // The writing thread's.
  Backoff backoff_;
  std::size_t chunk_size_;
  Steady::time_point not_before_{};
};

}  // namespace fairlead::cluster
