#include "cluster/transact.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <thread>

namespace fairlead::cluster {

namespace {

// Each time at least one host of those that meet gets what it wants.
constexpr unsigned kAttempts = 64;
constexpr std::size_t kLongestPauseMs = 40;

void pause(unsigned attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const std::size_t most = std::min(kLongestPauseMs, std::size_t{1} << std::min(attempt, 10U));
  std::this_thread::sleep_for(std::chrono::milliseconds(random() % (most + 1)));
}

struct Noted {
  View& view;
  etcd::Revision at;

  void erase(const std::string& key) const {
    view.note({.erased = true, .entry = {.key = key, .modified = at}});
  }
  void operator()(const etcd::Put& put) const {
    const auto known = view.entries().find(put.key);
    const auto created = known == view.entries().end() ? at : known->second.created;
    view.note({.erased = false,
               .entry = {.key = put.key,
                         .value = put.value,
                         .created = created,
                         .modified = at,
                         .lease = put.lease}});
  }
  void operator()(const etcd::Erase& erased) const {
    if (!erased.all_under) return erase(erased.key);
    for (const auto& rest : keys_under(view, erased.key)) erase(erased.key + rest);
  }
};

// The keys that the conditions are about as they are now.
void note_found(View& view, const std::vector<std::string>& asked, const etcd::Outcome& outcome) {
  std::set<std::string> found;
  for (const auto& entry : outcome.found) {
    found.insert(entry.key);
    view.note({.erased = false, .entry = entry});
  }
  for (const auto& key : asked)
    if (!found.contains(key)) Noted{view, outcome.revision}.erase(key);
}

// A store that was emptied or replaced behind our back must not get ours written into it, nor make
// us believe that all is gone: the agent says so to people.
Status same_cluster(const View& view, const etcd::Outcome& outcome) {
  const std::string key = view.layout().meta();
  const auto found = std::ranges::find(outcome.found, key, &etcd::KeyValue::key);
  if (found == outcome.found.end()) {
    if (view.modified(key) == 0) return {};
    return fail(Errc::unavailable, "the store no longer holds this cluster (no key " + key +
                                       "): see 'fairlead cluster status'");
  }
  const auto record = view.layout().parse(found->key, found->value);
  if (!view.meta)
    return fail(Errc::unavailable, "the cluster has not been read yet: try again in a moment");
  if (record && std::get<Meta>(*record).uuid == view.meta->uuid) return {};
  return fail(Errc::unavailable, "the store holds another cluster than the one this host joined (" +
                                     view.meta->uuid + "): see 'fairlead cluster status'");
}

std::vector<std::string> keys_of(const std::vector<etcd::Compare>& when) {
  std::vector<std::string> keys;
  for (const auto& compare : when)
    if (compare.what != etcd::Compare::What::none_under) keys.push_back(compare.key);
  return keys;
}

Status learn(etcd::Client& client, View& view, const Decision& decision,
             const etcd::Transaction& transaction, const etcd::Outcome& outcome) {
  if (auto same = same_cluster(view, outcome); !same) return same;
  for (const auto& entry : outcome.found)
    if (entry.modified < view.modified(entry.key))
      return fail(
          Errc::unavailable,
          "the store was put back to an earlier state and is being read again: try again in "
          "a moment");
  note_found(view, transaction.read, outcome);
  for (const auto& prefix : decision.concerned())
    if (auto read = refresh(client, view, prefix); !read) return read;
  return {};
}

}  // namespace

void Decision::require(etcd::Compare::What what, const std::string& key, etcd::Revision revision) {
  const auto same = [&](const etcd::Compare& each) {
    return each.what == what && each.key == key && each.revision == revision;
  };
  if (!std::ranges::any_of(transaction_.when, same))
    transaction_.when.push_back({.what = what, .key = key, .revision = revision});
}

void Decision::unchanged(const std::string& key) {
  const auto revision = view_->modified(key);
  if (revision == 0) return absent(key);
  require(etcd::Compare::What::modified_at, key, revision);
}

void Decision::absent(const std::string& key) { require(etcd::Compare::What::absent, key); }
void Decision::present(const std::string& key) { require(etcd::Compare::What::present, key); }

void Decision::none_under(const std::string& prefix) {
  require(etcd::Compare::What::none_under, prefix);
  concerns(prefix);
}

void Decision::put(const std::string& key, std::string value) {
  transaction_.then.emplace_back(etcd::Put{.key = key, .value = std::move(value)});
}

void Decision::put(const Record& record) { put(view_->layout().key(record), format(record)); }

void Decision::erase(const std::string& key) {
  transaction_.then.emplace_back(etcd::Erase{.key = key});
}

void Decision::erase_under(const std::string& prefix) {
  transaction_.then.emplace_back(etcd::Erase{.key = prefix, .all_under = true});
}

void Decision::touch(const std::string& guard, const std::string& node) {
  put(guard, node);  // the revision counts; the value is for people
}

std::size_t Decision::size() const {
  return std::max(transaction_.when.size(), transaction_.then.size());
}

bool Decision::fits(const Decision& other) const {
  const auto key = [](const etcd::Write& write) {
    return std::visit([](const auto& each) { return std::string_view(each.key); }, write);
  };
  const auto is_wide = [](const etcd::Write& write) {
    const auto* erase = std::get_if<etcd::Erase>(&write);
    return erase != nullptr && erase->all_under;
  };
  for (const auto& a : transaction_.then) {
    for (const auto& b : other.transaction_.then) {
      if (key(a) == key(b)) return false;
      if (is_wide(a) && key(b).starts_with(key(a))) return false;
      if (is_wide(b) && key(a).starts_with(key(b))) return false;
    }
  }
  return true;
}

void Decision::merge(const Decision& other) {
  for (const auto& compare : other.transaction_.when)
    require(compare.what, compare.key, compare.revision);
  for (const auto& write : other.transaction_.then) transaction_.then.push_back(write);
  for (const auto& prefix : other.concerned_) concerns(prefix);
}

Status transact(etcd::Client& client, View& view, const Decide& decide,
                const std::vector<std::string>& ahead_of_refusal) {
  bool read_again = ahead_of_refusal.empty();
  for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 1) pause(attempt);
    auto decision = decide(attempt);
    if (!decision && !std::exchange(read_again, true)) {
      for (const auto& prefix : ahead_of_refusal)
        if (auto read = refresh(client, view, prefix); !read) return read;
      decision = decide(attempt);
    }
    if (!decision) return std::unexpected(std::move(decision).error());
    if (decision->nothing()) return {};

    Decision whole = *decision;
    whole.unchanged(view.layout().meta());
    etcd::Transaction transaction = whole.transaction();
    transaction.read = keys_of(transaction.when);
    auto outcome = client.commit(transaction);
    if (!outcome) return fail(std::move(outcome).error(), "write to the cluster's store");
    if (outcome->done) {
      for (const auto& write : transaction.then) std::visit(Noted{view, outcome->revision}, write);
      return {};
    }
    if (auto done = learn(client, view, *decision, transaction, *outcome); !done) return done;
  }
  return fail(Errc::unavailable,
              "other hosts were first " + std::to_string(kAttempts) + " times in a row: try again");
}

Status refresh(etcd::Client& client, View& view, const std::string& prefix) {
  auto listing = client.list(prefix);
  if (!listing) return fail(std::move(listing).error(), "read the cluster's store");
  std::set<std::string> listed;
  for (const auto& entry : listing->entries) {
    listed.insert(entry.key);
    view.note({.erased = false, .entry = entry});
  }
  for (const auto& rest : keys_under(view, prefix))
    if (!listed.contains(prefix + rest)) Noted{view, listing->revision}.erase(prefix + rest);
  return {};
}

std::vector<std::string> keys_under(const View& view, const std::string& prefix) {
  std::vector<std::string> keys;
  const auto& entries = view.entries();
  for (auto next = entries.lower_bound(prefix);
       next != entries.end() && next->first.starts_with(prefix); ++next)
    keys.push_back(next->first.substr(prefix.size()));
  return keys;
}

}  // namespace fairlead::cluster
