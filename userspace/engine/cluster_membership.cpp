// start_cluster, init_cluster, join_cluster, leave_cluster, forget_node, accept_store.
#include <algorithm>
#include <random>

#include "base/log.h"
#include "engine/cluster_backup.h"
#include "engine/cluster_verbs.h"
#include "engine/follow_cluster.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "store/time_text.h"

namespace fairlead::engine {

namespace {

constexpr const char* kSettings = "cluster.settings";
constexpr const char* kUuid = "cluster.uuid";
constexpr const char* kInstance = "cluster.instance";

// RFC 9562, version 4.
std::string make_uuid() {
  std::random_device source;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (char& letter : out) {
    const unsigned bits = source() & 0xf;
    if (letter == 'x') letter = kDigits[bits];
    if (letter == 'y') letter = kDigits[(bits & 0x3) | 0x8];
  }
  return out;
}

std::map<std::string, std::string> words_of(const store::Snapshot& snapshot) {
  std::map<std::string, std::string> out;
  for (const store::Setting& setting : snapshot.settings) out[setting.key] = setting.value;
  return out;
}

bool is_member(const Engine& engine) { return engine.cluster && !engine.cluster->uuid.empty(); }

Status refuse_second(const Engine& engine) {
  if (!is_member(engine)) return {};
  return fail(Errc::conflict, "this host is in cluster " + engine.cluster->settings.name + " as " +
                                  engine.cluster->settings.node +
                                  " already: 'fairlead cluster leave' first");
}

Result<std::unique_ptr<Membership>> open(Engine& engine, const cluster::Settings& settings) {
  if (auto fine = cluster::check(settings); !fine) return std::unexpected(std::move(fine).error());
  auto layout = cluster::Layout::create(settings.name);
  if (!layout) return std::unexpected(std::move(layout).error());
  auto client = engine.settings.connect(settings);
  if (!client) return std::unexpected(std::move(client).error());
  cluster::RegistrySettings limits;
  limits.node = settings.node;
  for (const auto& range : engine.settings.pools.ranges_v4)
    limits.ranges_v4.emplace_back(range.prefix, range.cut);
  for (const auto& range : engine.settings.pools.ranges_v6)
    limits.ranges_v6.emplace_back(range.prefix, range.cut);
  return std::make_unique<Membership>(settings, std::move(*layout), std::move(*client),
                                      std::move(limits));
}

// What the store has, and whether this host may be in it under its name.
Status look(Membership& cluster) {
  auto listing = cluster.client->list(cluster.view.layout().root());
  if (!listing) return std::unexpected(std::move(listing).error());
  cluster.view.replace(*listing);
  const auto namesake = cluster.view.nodes.find(cluster.settings.node);
  if (namesake == cluster.view.nodes.end() || namesake->second.instance == cluster.instance)
    return {};
  return fail(Errc::conflict, "the cluster has a host " + cluster.settings.node +
                                  " already: choose another name with --node, or, if that host is "
                                  "gone for good, 'fairlead cluster forget " +
                                  cluster.settings.node + "' on another one");
}

// From now on this host is in the cluster, over restarts too.
Status enter(Engine& engine, std::unique_ptr<Membership> cluster) {
  const std::vector<store::Change> memory = {
      store::Setting{.key = kSettings, .value = cluster::format(cluster->settings)},
      store::Setting{.key = kUuid, .value = cluster->uuid},
      store::Setting{.key = kInstance, .value = cluster->instance}};
  if (auto done = engine.store.apply(memory); !done)
    return fail(std::move(done).error(), "remember the cluster");
  engine.cluster = std::move(cluster);
  if (auto done = remember_view(engine); !done) return done;
  return follow_cluster(engine);
}

Result<std::string> own_instance(Engine& engine) {
  auto snapshot = engine.store.load();
  if (!snapshot) return std::unexpected(std::move(snapshot).error());
  const auto words = words_of(*snapshot);
  const auto known = words.find(kInstance);
  return known != words.end() ? known->second : make_uuid();
}

// It could not leave: as a daemon that starts, since a client whose agent has ended is of no more
// use.
void come_back(Engine& engine, const cluster::Settings& settings) {
  leave_waiting(engine);
  Status done = start_cluster(engine, settings);
  if (done) done = follow_cluster(engine);
  if (!done)
    log::event(log::Level::warning, "cluster_not_followed", {{"error", done.error().message()}});
}

}  // namespace

Status start_cluster(Engine& engine, const std::optional<cluster::Settings>& configured) {
  auto snapshot = engine.store.load();
  if (!snapshot) return fail(std::move(snapshot).error(), "start the cluster");
  const auto words = words_of(*snapshot);
  const auto word = [&](const char* key) {
    const auto found = words.find(key);
    return found != words.end() ? found->second : std::string();
  };
  std::optional<cluster::Settings> settings = configured;
  if (!settings && !word(kSettings).empty()) {
    auto remembered = cluster::parse_settings(word(kSettings));
    if (!remembered) return fail(std::move(remembered).error(), "remembered cluster settings");
    settings = std::move(*remembered);
  }
  for (const store::PeerNumber& peer : snapshot->peers)
    engine.state.peer_numbers[peer.node] = peer.number;
  if (!settings) return {};

  auto cluster = open(engine, *settings);
  if (!cluster) return fail(std::move(cluster).error(), "cluster " + settings->name);
  Membership& it = **cluster;
  it.uuid = word(kUuid);
  it.instance = word(kInstance).empty() ? make_uuid() : word(kInstance);
  for (const auto& [key, value] : words)
    if (constexpr std::string_view kRemoved = "cluster.removed."; key.starts_with(kRemoved))
      it.removed.insert(key.substr(kRemoved.size()));
  if (auto done = engine.store.apply({store::Setting{.key = kInstance, .value = it.instance}});
      !done)
    return fail(std::move(done).error(), "remember the cluster");

  etcd::Listing memory;
  for (const store::ClusterEntry& entry : snapshot->cluster) {
    memory.entries.push_back({.key = entry.key,
                              .value = entry.value,
                              .created = entry.created,
                              .modified = entry.modified});
    memory.revision = std::max(memory.revision, entry.modified);
  }
  it.view.replace(memory);
  engine.cluster = std::move(*cluster);
  return {};
}

Status init_cluster(Engine& engine, const cluster::Settings& want) {
  if (auto fine = refuse_second(engine); !fine) return fine;
  auto cluster = open(engine, want);
  if (!cluster) return std::unexpected(std::move(cluster).error());
  auto instance = own_instance(engine);
  if (!instance) return std::unexpected(std::move(instance).error());
  Membership& it = **cluster;
  it.instance = *instance;
  it.uuid = make_uuid();
  if (auto done = look(it); !done) return done;
  const cluster::Meta meta{.uuid = it.uuid, .created = store::to_text(engine.clock.now())};
  if (auto done = it.registry.create_meta(meta); !done) return done;
  leave_waiting(engine);
  return enter(engine, std::move(*cluster));
}

Status join_cluster(Engine& engine, const cluster::Settings& want) {
  // A host whose fairlead.toml names its cluster joins by itself, as soon as there is one.
  if (is_member(engine) && engine.cluster->settings.name == want.name &&
      engine.cluster->settings.node == want.node)
    return {};
  if (auto fine = refuse_second(engine); !fine) return fine;
  auto cluster = open(engine, want);
  if (!cluster) return std::unexpected(std::move(cluster).error());
  auto instance = own_instance(engine);
  if (!instance) return std::unexpected(std::move(instance).error());
  Membership& it = **cluster;
  it.instance = *instance;
  if (auto done = look(it); !done) return done;
  if (!it.view.meta)
    return fail(Errc::not_found, "there is no cluster " + want.name +
                                     " in this etcd yet: 'fairlead cluster init' makes it");
  it.uuid = it.view.meta->uuid;
  leave_waiting(engine);
  return enter(engine, std::move(*cluster));
}

Status leave_cluster(Engine& engine, bool force) {
  if (!engine.cluster) return {};
  std::string busy;
  for (const auto& [key, network] : engine.state.networks)
    if (!network.shared.empty() && !endpoints_of(engine.state, key).empty())
      busy += (busy.empty() ? "" : ", ") + network_name(engine.state, key);
  if (!busy.empty() && !force)
    return fail(Errc::conflict, "networks of the cluster have containers on this host (" + busy +
                                    "): disconnect them, or use --force to cut them off from other "
                                    "hosts");
  // What waits to be written must not come after it.
  engine.cluster->agent.reset();
  // What is left here in the store; with --force also while it is away.
  if (!engine.cluster->uuid.empty())
    if (auto done = engine.cluster->registry.forget(engine.cluster->settings.node, /*force=*/true);
        !done && done.error().code() != Errc::not_found && !force) {
      const cluster::Settings settings = engine.cluster->settings;
      come_back(engine, settings);
      return fail(std::move(done).error(),
                  "leave the cluster (--force leaves all the same, and "
                  "'fairlead cluster forget' elsewhere cleans up)");
    }
  return unfollow_cluster(engine);
}

Status forget_node(Engine& engine, const std::string& node, bool force) {
  if (!engine.cluster) return fail(Errc::invalid_argument, "this host is in no cluster");
  if (node == engine.cluster->settings.node)
    return fail(Errc::conflict, node + " is this host: 'fairlead cluster leave'");
  if (auto done = engine.cluster->registry.forget(node, force); !done) return done;
  return refresh_all(engine);
}

Status accept_store(Engine& engine) {
  if (!engine.cluster) return fail(Errc::invalid_argument, "this host is in no cluster");
  Membership& cluster = *engine.cluster;
  auto meta = cluster.client->get(cluster.view.layout().meta());
  if (!meta) return std::unexpected(std::move(meta).error());
  if (meta->created == 0) {  // emptied: what this host remembers of all of them goes back
    if (auto done = write_back(engine, cluster.view.entries()); !done) return done;
  } else if (auto record = cluster.view.layout().parse(meta->key, meta->value); !record) {
    return std::unexpected(std::move(record).error());
  } else {
    cluster.uuid = std::get<cluster::Meta>(*record).uuid;
    if (auto done = engine.store.apply({store::Setting{.key = kUuid, .value = cluster.uuid}});
        !done)
      return done;
  }
  if (cluster.agent) cluster.agent->accept_store();
  return {};
}

}  // namespace fairlead::engine
