#include "cluster/contact.h"

#include "base/log.h"

namespace fairlead::cluster {

namespace {

constexpr unsigned kSchema = 1;

std::chrono::system_clock::time_point wall() { return std::chrono::system_clock::now(); }

}  // namespace

Contact::Contact(etcd::Client& the_client, AgentSettings the_settings)
    : client(the_client), settings(std::move(the_settings)), believed_(settings.cluster_uuid) {
  status_.since = wall();
  status_.store_id = settings.store_id;
  status_.last_error = "not connected yet";
}

AgentStatus Contact::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool Contact::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Contact::writable() const {
  const std::lock_guard lock(mutex_);
  return status_.connected && status_.alarm.empty() && !stopping_;
}

etcd::Compare Contact::same_store() const {
  const std::lock_guard lock(mutex_);
  const auto what = meta_at_ == 0 ? etcd::Compare::What::absent : etcd::Compare::What::modified_at;
  return {.what = what, .key = settings.layout.meta(), .revision = meta_at_};
}

void Contact::reached(etcd::Revision revision) {
  const std::lock_guard lock(mutex_);
  status_.last_contact = wall();
  if (revision != 0) status_.revision = revision;
}

void Contact::connected() {
  const std::lock_guard lock(mutex_);
  if (!status_.connected) {
    status_.since = wall();
    log::event(log::Level::info, "cluster_connected", {{"endpoint", status_.endpoint}});
  }
  status_.connected = true;
  status_.last_contact = wall();
  status_.last_error.clear();
  ++woken_;
  changed_.notify_all();
}

void Contact::disconnected(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (status_.connected) {
    status_.since = wall();
    log::event(log::Level::warning, "cluster_lost", {{"error", why}});
  }
  status_.connected = false;
  status_.last_error = why;
}

void Contact::identified(const etcd::Identity& identity) {
  const std::lock_guard lock(mutex_);
  status_.endpoint = identity.endpoint;
  status_.store_alarms = identity.alarms;
  status_.last_contact = wall();
  status_.store_id = identity.cluster;
}

std::string Contact::find_alarm(const etcd::KeyValue& meta, std::string& uuid) const {
  const std::string advice =
      " Nothing is removed on this host and nothing is written. Bring the right store back (its "
      "backup, or 'fairlead cluster import FILE'), or let this host believe the store in place "
      "('fairlead cluster accept').";
  if (meta.created == 0) {
    if (believed_.empty())
      return "this etcd holds no such cluster yet (no key " + meta.key +
             "): 'fairlead cluster init' on one host makes it";
    return "the store is empty: it no longer holds cluster " + believed_ + " (no key " + meta.key +
           ")." + advice;
  }
  const auto record = settings.layout.parse(meta.key, meta.value);
  if (!record) return record.error().message() + "." + advice;
  const auto& found = std::get<Meta>(*record);
  if (found.schema > kSchema)
    return "cluster " + found.uuid + " is of a newer fairlead (schema " +
           std::to_string(found.schema) + "): upgrade this host.";
  uuid = found.uuid;
  if (believed_.empty() || uuid == believed_ || uuid == settings.cluster_uuid) return "";
  return "the store holds another cluster, " + uuid + "; this host is of " + believed_ + "." +
         advice;
}

bool Contact::judge(const etcd::KeyValue& meta) {
  const std::lock_guard lock(mutex_);
  std::string uuid;
  std::string alarm = find_alarm(meta, uuid);
  if (std::exchange(accept_, false) && !alarm.empty()) {
    log::event(log::Level::warning, "cluster_store_accepted", {{"uuid", uuid}});
    believed_ = uuid;
    alarm = find_alarm(meta, uuid);
  }
  if (alarm.empty() && believed_.empty()) believed_ = uuid;  // the first one that it sees
  if (!alarm.empty() && alarm != status_.alarm)
    log::event(log::Level::error, "cluster_alarm", {{"alarm", alarm}});
  if (alarm.empty() && !status_.alarm.empty()) log::event(log::Level::info, "cluster_alarm_over");
  status_.alarm = std::move(alarm);
  meta_at_ = meta.modified;
  return status_.alarm.empty();
}

void Contact::accept_store() {
  const std::lock_guard lock(mutex_);
  if (status_.alarm.empty()) return;
  accept_ = true;
  ++accepts_;
  changed_.notify_all();
}

bool Contact::wait(std::chrono::milliseconds pause, unsigned& seen) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [&] { return stopping_ || woken_ != seen; });
  seen = woken_;
  return !stopping_;
}

bool Contact::rest(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [this] { return stopping_ || accepts_ != accepts_seen_; });
  accepts_seen_ = accepts_;
  return !stopping_;
}

void Contact::wake() {
  const std::lock_guard lock(mutex_);
  ++woken_;
  changed_.notify_all();
}

void Contact::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

}  // namespace fairlead::cluster
