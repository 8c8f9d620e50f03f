#include "cluster/view.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "cluster/key.h"

namespace fairlead::cluster {

namespace {

// Erased keys are remembered only so that older news of them is not believed. Forgotten too early,
// one stands again until the news of its removal, which is behind that in the same queue.
constexpr std::size_t kErasedRemembered = 8192;

// Puts a record where its kind belongs.
struct Put {
  View& view;
  const std::string& key;

  void operator()(Meta& of) const { view.meta = std::move(of); }
  void operator()(Alive& of) const { view.alive[of.node] = std::move(of); }
  void operator()(Node& of) const { view.nodes[of.name] = std::move(of); }
  void operator()(SharedNetwork& of) const { view.networks[of.id] = std::move(of); }
  void operator()(Member& of) const { view.members[of.network][of.node] = std::move(of); }
  void operator()(SharedPool& of) const { view.pools[of.id] = std::move(of); }
  void operator()(PoolUser& of) const { view.users[of.pool][of.node] = std::move(of); }
  void operator()(Block& of) const { view.blocks[of.pool][of.prefix] = std::move(of); }
  void operator()(Static& of) const { view.statics[of.pool][of.address] = std::move(of); }
  void operator()(Ask& of) const { view.asks[key] = std::move(of); }
  void operator()(SharedEndpoint& of) const { view.endpoints[key] = std::move(of); }
  void operator()(Index&) const {}  // entries() is enough
};

template <typename Outer, typename Inner>
void erase_inner(Outer& outer, const std::string& name, const Inner& key) {
  const auto found = outer.find(name);
  if (found == outer.end()) return;
  found->second.erase(key);
  if (found->second.empty()) outer.erase(found);
}

}  // namespace

bool View::is_news(const std::string& key, etcd::Revision revision) const {
  if (const auto gone = erased_.find(key); gone != erased_.end() && gone->second >= revision)
    return false;
  return modified(key) < revision;
}

void View::remember_erased(const std::string& key, etcd::Revision revision) {
  erased_[key] = revision;
  if (erased_.size() <= kErasedRemembered) return;
  std::vector<etcd::Revision> revisions;
  for (const auto& [name, at] : erased_) revisions.push_back(at);
  const auto middle = revisions.begin() + kErasedRemembered / 2;
  std::ranges::nth_element(revisions, middle);
  std::erase_if(erased_, [oldest = *middle](const auto& each) { return each.second < oldest; });
}

bool View::take(const etcd::Event& event) {
  const std::string& key = event.entry.key;
  if (!is_news(key, event.entry.modified)) return false;
  if (!event.erased) {
    erased_.erase(key);
    set(event.entry);
    return true;
  }
  remember_erased(key, event.entry.modified);
  if (!entries_.contains(key)) return false;
  unset(key);
  return true;
}

bool View::note(const etcd::Event& event) {
  if (!take(event)) return false;
  ahead_[event.entry.key] = event.entry.modified;
  return true;
}

bool View::apply(const etcd::Event& event) {
  revision_ = std::max(revision_, event.entry.modified);
  const bool changed = take(event);
  const auto ahead = ahead_.find(event.entry.key);
  if (ahead == ahead_.end()) return changed;
  if (ahead->second <= event.entry.modified) ahead_.erase(ahead);
  return true;
}

std::vector<std::string> View::replace(const etcd::Listing& listing) {
  const bool put_back = listing.revision < revision_;
  const auto is_ahead = [&listing, put_back](etcd::Revision at) {
    return !put_back && at > listing.revision;
  };
  std::erase_if(erased_, [&is_ahead](const auto& each) { return !is_ahead(each.second); });

  std::set<std::string> changed;
  for (const auto& [key, at] : ahead_)
    if (!is_ahead(at)) changed.insert(key);
  std::erase_if(ahead_, [&is_ahead](const auto& each) { return !is_ahead(each.second); });

  std::set<std::string> listed;
  for (const auto& entry : listing.entries) {
    listed.insert(entry.key);
    if (erased_.contains(entry.key) || is_ahead(modified(entry.key))) continue;
    const auto known = entries_.find(entry.key);
    if (known != entries_.end() && known->second == entry) continue;
    if (known == entries_.end() || known->second.value != entry.value) changed.insert(entry.key);
    set(entry);
  }
  std::vector<std::string> gone;
  for (const auto& [key, entry] : entries_)
    if (!listed.contains(key) && !is_ahead(entry.modified)) gone.push_back(key);
  for (const auto& key : gone) unset(key);
  changed.insert(gone.begin(), gone.end());
  revision_ = listing.revision;
  return {changed.begin(), changed.end()};
}

etcd::Revision View::modified(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.modified;
}

void View::set(const etcd::KeyValue& entry) {
  entries_[entry.key] = entry;
  auto record = layout_.parse(entry.key, entry.value);
  if (record) {
    problems.erase(entry.key);
    std::visit(Put{*this, entry.key}, *record);
  } else if (record.error().code() != Errc::not_found) {
    problems[entry.key] = record.error().message();
  }
}

void View::unset(const std::string& key) {
  entries_.erase(key);
  problems.erase(key);
  erase_record(key);
}

void View::erase_record(const std::string& key) {
  if (!key.starts_with(layout_.root())) return;
  const auto [kind, parts] = split_key(std::string_view(key).substr(layout_.root().size()));
  switch (kind) {
    case KeyKind::meta:
      meta.reset();
      break;
    case KeyKind::alive:
      alive.erase(parts[0]);
      break;
    case KeyKind::node:
      nodes.erase(parts[0]);
      break;
    case KeyKind::network:
      networks.erase(parts[0]);
      break;
    case KeyKind::member:
      erase_inner(members, parts[0], parts[1]);
      break;
    case KeyKind::pool:
      pools.erase(parts[0]);
      break;
    case KeyKind::user:
      erase_inner(users, parts[0], parts[1]);
      break;
    case KeyKind::block:
      if (const auto prefix = parse_pool_id(parts[1])) erase_inner(blocks, parts[0], *prefix);
      break;
    case KeyKind::fixed:
      if (const auto address = Address::parse(parts[1]);
          address && address->to_string() == parts[1])
        erase_inner(statics, parts[0], *address);
      break;
    case KeyKind::ask:
      asks.erase(key);
      break;
    case KeyKind::endpoint:
      endpoints.erase(key);
      break;
    case KeyKind::name:
    case KeyKind::vni:
    case KeyKind::other:
      break;
  }
}

}  // namespace fairlead::cluster
