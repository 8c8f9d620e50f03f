// apply_news: what the agent heard, into the view, this host's memory, the programs and the books.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/cluster_verbs.h"
#include "engine/follow_cluster.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/shared_pools.h"
#include "engine/underlay.h"

namespace fairlead::engine {

namespace {

// What changed for whom.
struct Touched {
  bool hosts = false;  // nodes/ or alive/
  bool asks = false;
  bool networks = false;  // the container engine may have to follow
};

Touched sort_out(const cluster::Layout& layout, const std::vector<std::string>& keys) {
  Touched out;
  for (const std::string& key : keys) {
    const std::string_view rest = std::string_view(key).substr(layout.root().size());
    out.hosts = out.hosts || rest.starts_with("nodes/") || rest.starts_with("alive/");
    out.asks = out.asks || rest.starts_with("asks/");
    out.networks = out.networks || rest.starts_with("networks/");
  }
  return out;
}

Status remember_keys(Engine& engine, const std::vector<std::string>& keys) {
  const auto& entries = engine.cluster->view.entries();
  std::vector<store::Change> changes;
  for (const std::string& key : keys) {
    const auto entry = entries.find(key);
    if (entry == entries.end()) {
      changes.emplace_back(store::EraseClusterEntry{key});
    } else {
      changes.emplace_back(store::ClusterEntry{.key = key,
                                               .value = entry->second.value,
                                               .created = entry->second.created,
                                               .modified = entry->second.modified});
    }
  }
  return changes.empty() ? Status() : engine.store.apply(changes);
}

// The first look at the store: is it ours, and is our name free in it?
Status introduce(Engine& engine) {
  Membership& cluster = *engine.cluster;
  if (cluster.uuid.empty() && cluster.view.meta) {
    cluster.uuid = cluster.view.meta->uuid;
    if (auto done =
            engine.store.apply({store::Setting{.key = "cluster.uuid", .value = cluster.uuid}});
        !done)
      return done;
  }
  const auto namesake = cluster.view.nodes.find(cluster.settings.node);
  if (namesake != cluster.view.nodes.end() && namesake->second.instance != cluster.instance) {
    engine.state.shared_problems["name"] =
        "another host of the cluster is called " + cluster.settings.node +
        " too: set cluster.node in fairlead.toml, or, if that host is gone for good, run 'fairlead "
        "cluster forget " +
        cluster.settings.node + "' on a third one";
    cluster.introduced = false;
    return {};
  }
  engine.state.shared_problems.erase("name");
  cluster.introduced = true;
  announce_self(engine);
  return {};
}

// Networks that Docker would not make, and that the cluster has no longer.
void forget_mirror_problems(Engine& engine) {
  std::set<std::string> standing;
  for (const auto& [id, network] : engine.cluster->view.networks)
    if (!network.removing) standing.insert(mirror_subject(network.name));
  std::erase_if(engine.state.shared_problems, [&](const auto& item) {
    return item.first.starts_with(mirror_subject("")) && !standing.contains(item.first);
  });
}

}  // namespace

Status apply_news(Engine& engine, const cluster::News& news) {
  if (!engine.cluster) return {};  // left since it was posted
  Membership& cluster = *engine.cluster;
  Problems problems("follow the cluster");
  std::vector<std::string> changed;
  if (news.listing) {
    changed = cluster.view.replace(*news.listing);
    problems.add(remember_view(engine));
  }
  // Also what a transaction of this host has put into the view before: the programs and this host's
  // memory have not heard of it yet.
  for (const etcd::Event& event : news.events) {
    (void)cluster.view.apply(event);
    changed.push_back(event.entry.key);
  }
  if (!news.listing) problems.add(remember_keys(engine, changed));

  const Touched touched = sort_out(cluster.view.layout(), changed);
  if (touched.hosts) {  // before what refers to them
    for (const std::string& key : changed)
      if (key.starts_with(cluster.view.layout().node("")) ||
          key.starts_with(cluster.view.layout().alive("")))
        problems.add(refresh_key(engine, key));
    problems.add(sync_underlay(engine));
  }
  if (news.listing) {
    problems.add(introduce(engine));
    problems.add(refresh_all(engine));
    problems.add(tidy_cluster(engine));
  } else {
    for (const std::string& key : changed) problems.add(refresh_key(engine, key));
  }
  if (touched.asks || news.listing) answer_asks(engine);
  if (touched.networks || news.listing) {
    forget_mirror_problems(engine);
    if (engine.settings.on_mirror) engine.settings.on_mirror();
  }
  return problems.status();
}

}  // namespace fairlead::engine
