// reconcile, tick: what nobody claims any more goes, after a time of grace.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/attachments.h"
#include "engine/cluster_verbs.h"
#include "engine/detached.h"
#include "engine/hygiene.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/underlay.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

constexpr std::chrono::seconds kTidyPeriod{15};

// One pass over everything that somebody ought to claim. Replaces State::missing_since by what is
// missing in this pass, so that nothing is remembered of things that are gone.
class Pass {
 public:
  explicit Pass(Engine& engine) : engine_(engine) {}
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;
  ~Pass() { engine_.state.missing_since = std::move(missing_); }

  // True once `key` has been missing in every pass for the whole grace period. One pass is never
  // enough: a request may be under way that the orchestrator does not list yet.
  bool overdue(const std::string& key, bool missing) {
    if (!missing) return false;
    const TimePoint now = engine_.clock.now();
    const auto before = engine_.state.missing_since.find(key);
    const TimePoint since = before != engine_.state.missing_since.end() ? before->second : now;
    if (now - since >= engine_.settings.orphan_grace) return true;
    missing_.emplace(key, since);
    return false;
  }

 private:
  Engine& engine_;
  std::map<std::string, TimePoint> missing_;
};

void learn_container_names(Engine& engine, const Known& known) {
  for (const Known::Container& container : known.containers) {
    const auto endpoint = engine.state.endpoints.find(container.endpoint);
    if (endpoint == engine.state.endpoints.end()) continue;
    std::string& name = engine.state.endpoint_names[container.endpoint];
    if (name == container.name) continue;
    name = container.name;
    const auto network = engine.state.networks.find(endpoint->second.network);
    if (network != engine.state.networks.end()) announce(engine, network->second, endpoint->second);
  }
}

std::vector<Endpoint> orphaned_endpoints(Engine& engine, const Known& known, Pass& pass) {
  std::set<std::string> claimed;
  for (const Known::Container& container : known.containers) claimed.insert(container.endpoint);
  std::vector<Endpoint> out;
  for (const auto& [key, endpoint] : engine.state.endpoints)
    if (pass.overdue("endpoint " + key, !endpoint.attachment && !claimed.contains(key)))
      out.push_back(endpoint);
  return out;
}

// Docker forgot the network, and others are still on it.
bool has_attachments(const State& state, const std::string& network) {
  return std::ranges::any_of(state.endpoints, [&](const auto& entry) {
    return entry.second.network == network && entry.second.attachment;
  });
}

std::vector<std::string> orphaned_networks(Engine& engine, const Known& known, Pass& pass) {
  std::vector<std::string> out;
  for (const auto& [key, network] : engine.state.networks)
    if (pass.overdue("network " + key, !known.networks.contains(key) &&
                                           !network.made_for_attachment &&
                                           !has_attachments(engine.state, key)))
      out.push_back(key);
  return out;
}

// What nobody told the store, now and then.
Status tick_cluster(Engine& engine) {
  if (!engine.cluster || !engine.cluster->agent) return {};
  Problems problems("follow the cluster");
  problems.add(sync_path_mtus(engine));
  const auto now = std::chrono::steady_clock::now();
  if (now >= engine.cluster->next_tidy && engine.cluster->agent->status().connected) {
    engine.cluster->next_tidy = now + kTidyPeriod;
    problems.add(tidy_cluster(engine));
  }
  return problems.status();
}

bool is_subnet_of_a_network(const State& state, const Prefix& prefix) {
  return std::ranges::any_of(state.networks, [&](const auto& entry) {
    const Network& network = entry.second;
    return (network.v4 && network.v4->pool == prefix) || (network.v6 && network.v6->pool == prefix);
  });
}

bool is_address_of_an_endpoint(const State& state, const Address& address) {
  return std::ranges::any_of(state.endpoints, [&](const auto& entry) {
    const Endpoint& endpoint = entry.second;
    return (endpoint.v4 && endpoint.v4->address() == address) ||
           (endpoint.v6 && endpoint.v6->address() == address);
  });
}

// A pool whose network never came, and addresses whose endpoint never came or never said goodbye.
Status release_orphaned_addresses(Engine& engine, const Known& known, Pass& pass) {
  Problems problems("release addresses that nobody uses");
  for (const ipam::Pool& pool : engine.ipam.pools()) {
    const bool used = is_subnet_of_a_network(engine.state, pool.prefix);
    const bool lent = known.pools.contains(pool.prefix);  // to a network of another driver
    if (pass.overdue("pool " + pool.id, !used && !lent)) {
      problems.add(release_pool(engine, pool.id));
      continue;
    }
    for (const ipam::Lease& lease : engine.ipam.leases(pool.id)) {
      const bool missing = used && lease.use == ipam::Use::endpoint &&
                           !is_address_of_an_endpoint(engine.state, lease.address);
      const std::string key = "lease " + pool.id + " " + lease.address.to_string();
      if (pass.overdue(key, missing)) problems.add(release_address(engine, pool.id, lease.address));
    }
  }
  return problems.status();
}

}  // namespace

void learn_network_names(Engine& engine, const std::map<std::string, std::string>& names) {
  for (const auto& [key, name] : names) {
    const auto network = engine.state.networks.find(key);
    if (network == engine.state.networks.end()) continue;
    std::string& known = engine.state.network_names[key];
    if (known != name)
      (void)engine.store.apply({store::Setting{.key = name_setting(key), .value = name}});
    known = name;
    if (network->second.shared.empty() || !engine.cluster) continue;
    if (auto done = name_shared(engine, network->second, name); !done)  // tidy_cluster() repeats it
      log::event(log::Level::info, "network_name_waits",
                 {{"network", name}, {"error", done.error().message()}});
  }
}

Status reconcile(Engine& engine, const Known& known) {
  learn_network_names(engine, known.networks);
  learn_container_names(engine, known);
  Problems problems("reconcile with the container engine");
  Pass pass(engine);
  for (const Endpoint& endpoint : orphaned_endpoints(engine, known, pass))
    problems.add(bury_endpoint(engine, endpoint));
  for (const std::string& key : orphaned_networks(engine, known, pass))
    problems.add(drop_network(engine, key, /*everywhere=*/false));
  problems.add(release_orphaned_addresses(engine, known, pass));
  return problems.status();
}

Status tick(Engine& engine) {
  Problems problems("periodic work");
  std::vector<store::Change> changes;
  for (const ipam::Lease& lease : engine.ipam.expire(engine.clock.now()))
    changes.push_back(store::EraseLease{.pool = lease.pool, .address = lease.address});
  if (!changes.empty()) problems.add(engine.store.apply(changes));
  if (auto collected = engine.datapath.collect_flows(); !collected)
    problems.add(std::unexpected(std::move(collected).error()));
  problems.add(replay_detached(engine));
  problems.add(tidy_attachments(engine));
  problems.add(tick_cluster(engine));
  return problems.status();
}

}  // namespace fairlead::engine
