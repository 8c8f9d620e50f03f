// reconcile, tick: what nobody claims any more goes, after a time of grace.
#include <algorithm>
#include <set>

#include "engine/hygiene.h"
#include "engine/lookup.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

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

void learn_names(Engine& engine, const Known& known) {
  for (const auto& [key, name] : known.networks)
    if (engine.state.networks.contains(key)) engine.state.network_names[key] = name;
  for (const Known::Container& container : known.containers)
    if (engine.state.endpoints.contains(container.endpoint))
      engine.state.endpoint_names[container.endpoint] = container.name;
}

std::vector<Endpoint> orphaned_endpoints(Engine& engine, const Known& known, Pass& pass) {
  std::set<std::string> claimed;
  for (const Known::Container& container : known.containers) claimed.insert(container.endpoint);
  std::vector<Endpoint> out;
  for (const auto& [key, endpoint] : engine.state.endpoints)
    if (pass.overdue("endpoint " + key, !claimed.contains(key))) out.push_back(endpoint);
  return out;
}

std::vector<std::string> orphaned_networks(Engine& engine, const Known& known, Pass& pass) {
  std::vector<std::string> out;
  for (const auto& [key, network] : engine.state.networks)
    if (pass.overdue("network " + key, !known.networks.contains(key))) out.push_back(key);
  return out;
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

Status reconcile(Engine& engine, const Known& known) {
  learn_names(engine, known);
  Problems problems("reconcile with the container engine");
  Pass pass(engine);
  for (const Endpoint& endpoint : orphaned_endpoints(engine, known, pass))
    problems.add(bury_endpoint(engine, endpoint));
  for (const std::string& key : orphaned_networks(engine, known, pass))
    problems.add(remove_network(engine, key));
  problems.add(release_orphaned_addresses(engine, known, pass));
  return problems.status();
}

Status tick(Engine& engine) {
  Problems problems("periodic work");
  std::vector<store::Change> changes;
  for (const ipam::Lease& lease : engine.ipam.expire(engine.clock.now()))
    changes.push_back(store::EraseLease{.pool = lease.pool, .address = lease.address});
  if (!changes.empty()) problems.add(engine.store.apply(changes));
  if (auto expired = engine.datapath.expire_flows(); !expired)
    problems.add(std::unexpected(std::move(expired).error()));
  return problems.status();
}

}  // namespace fairlead::engine
