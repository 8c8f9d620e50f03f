#include "engine/shared_networks.h"

#include <algorithm>

#include "base/log.h"
#include "engine/lookup.h"

namespace fairlead::engine {

namespace {

using cluster::SharedNetwork;

// Outer IP, UDP, VXLAN and inner Ethernet headers, bytes.
constexpr std::uint32_t kOverheadV4 = 20 + 8 + 8 + 14;
constexpr std::uint32_t kOverheadV6 = 40 + 8 + 8 + 14;
constexpr std::uint32_t kUsualMtu = 1500;

// The cluster's pool that the subnet is; empty: none.
std::string shared_pool_of(const Engine& engine, const std::optional<Subnet>& subnet) {
  if (!subnet) return {};
  for (const ipam::Pool& pool : engine.ipam.pools())
    if (pool.prefix == subnet->pool && !pool.shared.empty()) return pool.shared;
  return {};
}

const SharedNetwork* find_existing(const Engine& engine, const NetworkRequest& want,
                                   const std::string& pool_v4, const std::string& pool_v6) {
  for (const auto& [id, network] : engine.cluster->view.networks) {
    if (network.removing) continue;
    if (!want.shared_name.empty()) {
      if (network.id == want.shared_name || network.name == want.shared_name) return &network;
    } else if (network.pool_v4 == pool_v4 && network.pool_v6 == pool_v6) {
      return &network;
    }
  }
  return nullptr;
}

Result<SharedNetwork> join(Engine& engine, const NetworkRequest& want, SharedNetwork network) {
  if (const Network* here = local_network(engine.state, network.id); here != nullptr)
    return fail(Errc::conflict, "the cluster's network " + want.shared_name +
                                    " is on this host already, as " +
                                    network_name(engine.state, here->key));
  if ((want.v4 && want.v4 != network.v4) || (want.v6 && want.v6 != network.v6))
    return fail(Errc::conflict,
                "the cluster's network " +
                    (network.name.empty() ? network.id.substr(0, 12) : network.name) +
                    " has other subnets or gateways: leave --subnet and --gateway out");
  if (want.vni != 0 && want.vni != network.vni)
    return fail(Errc::conflict, "the cluster's network has VNI " + std::to_string(network.vni) +
                                    ", not " + std::to_string(want.vni) +
                                    ": leave fairlead.vni out");
  if (auto done = engine.cluster->registry.join_network(network.id); !done)
    return std::unexpected(std::move(done).error());
  return network;
}

}  // namespace

Result<bool> is_shared(const Engine& engine, const NetworkRequest& want) {
  if (!engine.cluster || want.scope == Scope::host) {
    if (!want.shared_name.empty())
      return fail(Errc::invalid_argument,
                  "option fairlead.network: this host is in no cluster "
                  "('fairlead cluster join')");
    if (want.vni != 0)
      return fail(Errc::invalid_argument,
                  "option fairlead.vni: only a network of a cluster has one");
    return false;
  }
  const bool all = (!want.v4 || !shared_pool_of(engine, want.v4).empty()) &&
                   (!want.v6 || !shared_pool_of(engine, want.v6).empty());
  if (!all && !want.shared_name.empty())
    return fail(
        Errc::invalid_argument,
        "option fairlead.network needs addresses of the cluster: add --ipam-driver fairlead "
        "--ipam-opt fairlead.network=" +
            want.shared_name);
  if (!all && want.vni != 0)
    return fail(Errc::invalid_argument,
                "option fairlead.vni needs addresses of the cluster: add --ipam-driver fairlead");
  return all;
}

Result<SharedNetwork> share_network(Engine& engine, const NetworkRequest& want) {
  const std::string pool_v4 = shared_pool_of(engine, want.v4);
  const std::string pool_v6 = shared_pool_of(engine, want.v6);
  if (const SharedNetwork* known = find_existing(engine, want, pool_v4, pool_v6))
    return join(engine, want, *known);
  if (!want.shared_name.empty())
    return fail(Errc::not_found, "the cluster has no network " + want.shared_name);
  return engine.cluster->registry.create_network({.id = want.key,
                                                  .vni = want.vni,
                                                  .v4 = want.v4,
                                                  .v6 = want.v6,
                                                  .pool_v4 = pool_v4,
                                                  .pool_v6 = pool_v6,
                                                  .mtu = want.mtu,
                                                  .options = want.options,
                                                  .internal = want.internal,
                                                  .created_by = engine.cluster->settings.node});
}

void give_up_network(Engine& engine, const std::string& shared, bool everywhere) {
  if (!engine.cluster) return;
  Membership& cluster = *engine.cluster;
  Status done;
  const auto known = cluster.view.networks.find(shared);
  if (everywhere && known != cluster.view.networks.end() && !known->second.removing)
    done = cluster.registry.mark_removing(shared);
  if (done) done = cluster.registry.leave_network(shared);
  if (done) return;
  log::event(log::Level::info, "network_removal_waits",
             {{"network", shared}, {"error", done.error().message()}});
  if (!everywhere) return;
  // Over a restart too: else the other hosts would give it back.
  cluster.removed.insert(shared);
  (void)engine.store.apply({store::Setting{.key = "cluster.removed." + shared, .value = "1"}});
}

Status name_shared(Engine& engine, const Network& network, const std::string& name) {
  const auto record = engine.cluster->view.networks.find(network.shared);
  if (record == engine.cluster->view.networks.end() || !record->second.name.empty()) return {};
  auto done = engine.cluster->registry.name_network(network.shared, name);
  const std::string subject = "name of " + network.shared;
  if (done || done.error().code() != Errc::conflict) {
    engine.state.shared_problems.erase(subject);
    return done;
  }
  engine.state.shared_problems[subject] =
      done.error().message() +
      ": once this host's network of that name has no containers, the cluster's takes its place";
  if (engine.settings.on_mirror) engine.settings.on_mirror();
  return {};
}

void announce(Engine& engine, const Network& network, const Endpoint& endpoint) {
  if (!engine.cluster || !engine.cluster->agent || network.shared.empty()) return;
  const auto name = engine.state.endpoint_names.find(endpoint.key);
  const cluster::SharedEndpoint record{
      .network = network.shared,
      .node = engine.cluster->settings.node,
      .key = endpoint.key,
      .v4 = endpoint.v4 ? std::optional(endpoint.v4->address()) : std::nullopt,
      .v6 = endpoint.v6 ? std::optional(endpoint.v6->address()) : std::nullopt,
      .mac = endpoint.mac,
      .name = name != engine.state.endpoint_names.end() ? name->second : std::string()};
  engine.cluster->agent->put(engine.cluster->view.layout().key(record), cluster::format(record));
}

void withdraw(Engine& engine, const Network& network, const std::string& endpoint) {
  if (!engine.cluster || !engine.cluster->agent || network.shared.empty()) return;
  engine.cluster->agent->erase(engine.cluster->view.layout().endpoint(
      network.shared, engine.cluster->settings.node, endpoint));
}

std::uint32_t tunnel_mtu(const Engine& engine) {
  std::uint32_t smallest = 0;
  bool v6 = false;
  for (const auto& [name, node] : engine.cluster->view.nodes) {
    if (node.mtu != 0) smallest = smallest == 0 ? node.mtu : std::min(smallest, node.mtu);
    v6 = v6 || std::ranges::none_of(node.vteps, [](const Address& address) {
           return address.family() == Family::v4;
         });
  }
  return (smallest == 0 ? kUsualMtu : smallest) - (v6 ? kOverheadV6 : kOverheadV4);
}

const Network* local_network(const State& state, const std::string& shared) {
  for (const auto& [key, network] : state.networks)
    if (network.shared == shared) return &network;
  return nullptr;
}

}  // namespace fairlead::engine
