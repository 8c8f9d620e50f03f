#include "cluster/follow.h"

#include "base/log.h"

namespace fairlead::cluster {

namespace {

// A watch that stood this long was no flash in the pan: the next failure is a new one.
constexpr auto kStood = std::chrono::seconds(5);

constexpr char kNotBelieved[] = "the store is not believed, see the alarm";

}  // namespace

Follow::Follow(Contact& contact, WriteBack& writes, Lease& lease, std::function<void(News)> on_news)
    : contact_(contact),
      writes_(writes),
      lease_(lease),
      on_news_(std::move(on_news)),
      backoff_(contact.settings.first_pause, contact.settings.last_pause) {}

Result<bool> Follow::is_believed() {
  const auto before = contact_.status().store_id;
  const auto identity = contact_.client.identity();
  if (!identity) return std::unexpected(identity.error());
  contact_.identified(*identity);
  const auto meta = contact_.client.get(contact_.settings.layout.meta());
  if (!meta) return std::unexpected(meta.error());
  if (!contact_.judge(*meta)) return false;
  if (before != 0 && before != identity->cluster)
    log::event(log::Level::warning, "cluster_store_replaced",
               {{"cluster", contact_.settings.cluster_uuid},
                {"what", "another etcd holds our cluster: restored from a backup or an export"}});
  return true;
}

Result<etcd::Revision> Follow::list() {
  auto listing = contact_.client.list(contact_.settings.layout.root());
  if (!listing) return std::unexpected(std::move(listing).error());
  contact_.reached(listing->revision);
  // It may have been emptied since it was judged.
  etcd::KeyValue meta{.key = contact_.settings.layout.meta()};
  for (const auto& entry : listing->entries)
    if (entry.key == meta.key) meta = entry;
  if (!contact_.judge(meta)) return fail(Errc::unavailable, kNotBelieved);
  writes_.heard(*listing);
  lease_.heard(*listing);
  const etcd::Revision revision = listing->revision;
  on_news_({.listing = std::move(*listing), .events = {}, .revision = revision});
  return revision;
}

etcd::Ended Follow::follow_once() {
  const auto believed = is_believed();
  if (!believed) return {etcd::WatchEnd::lost, believed.error().message()};
  if (!*believed) return {etcd::WatchEnd::lost, kNotBelieved};
  const auto revision = list();
  if (!revision) return {etcd::WatchEnd::lost, revision.error().message()};
  return contact_.client.watch(
      contact_.settings.layout.root(), *revision + 1,
      [this] {
        started_ = Steady::now();
        contact_.connected();
      },
      [this](std::vector<etcd::Event> events, etcd::Revision at) { take(std::move(events), at); });
}

void Follow::take(std::vector<etcd::Event> events, etcd::Revision revision) {
  if (contact_.stopping()) return;
  if (!still_believed(events)) {
    contact_.disconnected(kNotBelieved);
    ask_until_believed();
    return;
  }
  contact_.reached(revision);
  writes_.heard(events);
  lease_.heard(events);
  on_news_({.listing = {}, .events = std::move(events), .revision = revision});
}

bool Follow::still_believed(const std::vector<etcd::Event>& events) {
  bool believed = true;
  for (const auto& event : events) {
    if (event.entry.key != contact_.settings.layout.meta()) continue;
    believed = contact_.judge(event.erased ? etcd::KeyValue{.key = event.entry.key} : event.entry);
  }
  return believed;
}

// In the middle of a watch, which cannot be ended for a while: what it tells meanwhile is older
// than the listing at the end, and ignored as such.
void Follow::ask_until_believed() {
  while (contact_.rest(backoff_.next())) {
    const auto believed = is_believed();
    if (believed && *believed && list()) {
      contact_.connected();
      return;
    }
    contact_.disconnected(believed ? kNotBelieved : believed.error().message());
  }
}

void Follow::run() {
  bool was_compacted = false;
  while (!contact_.stopping()) {
    const auto ended = follow_once();
    if (contact_.stopping()) return;
    contact_.disconnected(ended.why);
    if (started_ != Steady::time_point{} && Steady::now() - started_ > kStood) backoff_.reset();
    started_ = {};
    const bool compacted = ended.how == etcd::WatchEnd::compacted;
    if (compacted && !was_compacted) {
      log::event(log::Level::info, "cluster_compacted", {{"why", ended.why}});
      was_compacted = true;
      continue;
    }
    was_compacted = compacted;
    if (!contact_.rest(backoff_.next())) return;
  }
}

}  // namespace fairlead::cluster
