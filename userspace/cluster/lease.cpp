#include "cluster/lease.h"

#include <algorithm>
#include <random>

#include "base/log.h"

namespace fairlead::cluster {

namespace {

constexpr auto kIdle = std::chrono::hours(1);

// A third of the time to live, a fifth more or less: hosts that started together drift apart.
Steady::duration keep_interval(std::chrono::seconds ttl) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto third = std::chrono::duration_cast<std::chrono::milliseconds>(ttl).count() / 3;
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(third * 4 / 5, third * 6 / 5)(random));
}

}  // namespace

Lease::Lease(Contact& contact)
    : contact_(contact),
      key_(contact.settings.layout.alive(contact.settings.node)),
      value_(format(contact.settings.alive)),
      backoff_(contact.settings.first_pause, contact.settings.last_pause) {}

void Lease::look_again() {
  written_ = false;
  verify_ = lease_ != 0;
  contact_.wake();
}

void Lease::heard(const etcd::Listing& listing) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(listing.entries, key_, &etcd::KeyValue::key);
  const bool ours = found != listing.entries.end() && found->lease == lease_ && lease_ != 0 &&
                    found->value == value_;
  if (!ours) look_again();
}

void Lease::heard(const std::vector<etcd::Event>& events) {
  const std::lock_guard lock(mutex_);
  for (const auto& event : events)
    if (event.erased && event.entry.key == key_ && event.entry.modified > written_at_) look_again();
}

bool Lease::is_written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

// Whether to go on at once with the next thing; otherwise `not_before_` is set.
bool Lease::refused(const Error& error) {
  if (error.code() == Errc::not_found) {
    log::event(log::Level::warning, "cluster_lease_lost", {{"error", error.message()}});
    const std::lock_guard lock(mutex_);
    lease_ = 0;
    written_ = false;
    return true;
  }
  answered_ = false;
  not_before_ = Steady::now() + backoff_.next();
  return false;
}

bool Lease::keep() {
  if (auto kept = contact_.client.keep_alive(lease_); !kept) return refused(kept.error());
  answered_ = true;
  contact_.reached();
  keep_at_ = Steady::now() + keep_interval(contact_.settings.ttl);
  return true;
}

bool Lease::grant() {
  const auto lease = contact_.client.grant(contact_.settings.ttl);
  if (!lease) {
    // Of a lease that is being made not_found means nothing.
    answered_ = false;
    not_before_ = Steady::now() + backoff_.next();
    return false;
  }
  answered_ = true;
  keep_at_ = Steady::now() + keep_interval(contact_.settings.ttl);
  const std::lock_guard lock(mutex_);
  lease_ = *lease;
  written_ = false;
  return true;
}

bool Lease::write() {
  etcd::Transaction transaction;
  transaction.when.push_back(contact_.same_store());
  transaction.then.emplace_back(etcd::Put{.key = key_, .value = value_, .lease = lease_});
  {
    // What is heard from now on is of later: an erasure meanwhile makes it `false` again.
    const std::lock_guard lock(mutex_);
    written_ = true;
  }
  const auto outcome = contact_.client.commit(transaction);
  if (outcome && outcome->done) {
    answered_ = true;
    backoff_.reset();
    contact_.reached();
    const std::lock_guard lock(mutex_);
    written_at_ = outcome->revision;
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    written_ = false;
  }
  if (!outcome) return refused(outcome.error());
  not_before_ = Steady::now() + backoff_.next();
  return false;
}

Steady::time_point Lease::step(Steady::time_point now) {
  if (now < not_before_) return not_before_;
  bool verify = false;
  {
    const std::lock_guard lock(mutex_);
    verify = std::exchange(verify_, false);
  }
  if (lease_ != 0 && (verify || now >= keep_at_) && !keep()) return not_before_;
  if (!contact_.writable()) return lease_ != 0 ? keep_at_ : now + kIdle;  // connected() wakes
  if (lease_ == 0 && !grant()) return not_before_;
  if (!is_written() && !write()) return not_before_;
  if (lease_ == 0 || !is_written()) return now;
  return keep_at_;
}

void Lease::end() {
  if (lease_ == 0 || !answered_) return;
  // It runs out by itself if this fails.
  if (auto done = contact_.client.revoke(lease_); !done)
    log::event(log::Level::info, "cluster_lease_not_revoked", {{"error", done.error().message()}});
}

}  // namespace fairlead::cluster
