#include "cluster/write_back.h"

#include "base/log.h"
#include "cluster/key.h"

namespace fairlead::cluster {

namespace {

constexpr std::size_t kChunk = 100;  // etcd takes 128 operations
constexpr auto kIdle = std::chrono::hours(1);

}  // namespace

WriteBack::WriteBack(Contact& contact)
    : contact_(contact),
      below_("/" + escape(contact.settings.node) + "/"),
      backoff_(contact.settings.first_pause, contact.settings.last_pause),
      chunk_size_(kChunk) {}

bool WriteBack::is_own(const std::string& key) const {
  return (key + "/").find(below_, contact_.settings.layout.root().size() - 1) != std::string::npos;
}

void WriteBack::want(const std::string& key, std::optional<std::string> value) {
  {
    const std::lock_guard lock(mutex_);
    pending_[key] = {.value = std::move(value), .word = ++words_};
  }
  contact_.wake();
}

std::size_t WriteBack::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

bool WriteBack::flush(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, deadline, [this] { return pending_.empty(); });
}

void WriteBack::heard(const etcd::Listing& listing) {
  const std::lock_guard lock(mutex_);
  known_.clear();
  for (const auto& entry : listing.entries) {
    if (is_own(entry.key)) known_[entry.key] = {.value = entry.value, .at = entry.modified};
    const auto wanted = pending_.find(entry.key);
    if (wanted != pending_.end() && wanted->second.value == entry.value) pending_.erase(wanted);
  }
  if (pending_.empty()) empty_.notify_all();
}

void WriteBack::heard(const std::vector<etcd::Event>& events) {
  const std::lock_guard lock(mutex_);
  for (const auto& event : events) {
    if (!is_own(event.entry.key)) continue;
    const auto& at = event.entry.modified;
    if (!event.erased) {
      note(event.entry.key, {.value = event.entry.value, .at = at});
      continue;
    }
    // The news have caught up: nothing older of this key can come any more.
    const auto known = known_.find(event.entry.key);
    if (known != known_.end() && known->second.at <= at) known_.erase(known);
  }
}

void WriteBack::note(const std::string& key, Known known) {
  auto& current = known_[key];
  if (current.at <= known.at) current = std::move(known);
}

bool WriteBack::is_so(const std::string& key, const Wanted& wanted) const {
  if (!is_own(key)) return false;
  const auto known = known_.find(key);
  if (known == known_.end()) return !wanted.value;
  return known->second.value == wanted.value;
}

WriteBack::Chunk WriteBack::take_chunk() {
  const std::lock_guard lock(mutex_);
  std::erase_if(pending_, [this](const auto& each) { return is_so(each.first, each.second); });
  if (pending_.empty()) empty_.notify_all();
  Chunk chunk;
  for (const auto& each : pending_) {
    if (chunk.size() == chunk_size_) break;
    chunk.push_back(each);
  }
  return chunk;
}

Result<bool> WriteBack::commit(const Chunk& chunk) {
  etcd::Transaction transaction;
  transaction.when.push_back(contact_.same_store());
  for (const auto& [key, wanted] : chunk) {
    if (wanted.value)
      transaction.then.emplace_back(etcd::Put{.key = key, .value = *wanted.value});
    else
      transaction.then.emplace_back(etcd::Erase{.key = key});
  }
  const auto outcome = contact_.client.commit(transaction);
  if (!outcome) return std::unexpected(outcome.error());
  contact_.reached();
  if (!outcome->done) return false;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, wanted] : chunk)
    if (is_own(key)) note(key, {.value = wanted.value, .at = outcome->revision});
  return true;
}

void WriteBack::done(const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, wanted] : chunk) {
    const auto current = pending_.find(key);
    if (current != pending_.end() && current->second.word == wanted.word) pending_.erase(current);
  }
  if (pending_.empty()) empty_.notify_all();
}

Steady::time_point WriteBack::step(Steady::time_point now) {
  if (now < not_before_) return not_before_;
  if (!contact_.writable()) return now + kIdle;  // connected() wakes
  const Chunk chunk = take_chunk();
  if (chunk.empty()) return now + kIdle;

  const auto written = commit(chunk);
  if (written && *written) {
    done(chunk);
    backoff_.reset();
    chunk_size_ = kChunk;
    return now;
  }
  if (!written && written.error().code() == Errc::invalid_argument) {
    // One of them is at fault: alone, it is found.
    if (chunk.size() == 1) {
      log::event(log::Level::error, "cluster_write_refused",
                 {{"key", chunk.front().first}, {"error", written.error().message()}});
      done(chunk);
    }
    chunk_size_ = 1;
    return now;
  }
  not_before_ = Steady::now() + backoff_.next();
  return not_before_;
}

}  // namespace fairlead::cluster
