// mirror_plan, mirrored, cluster_overview, peers: reading.
#include <algorithm>

#include "engine/cluster_verbs.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/shared_pools.h"

namespace fairlead::engine {

namespace {

using cluster::SharedNetwork;

std::optional<Prefix> range_of(const cluster::View& view, const std::string& pool) {
  const auto found = view.pools.find(pool);
  return found != view.pools.end() ? found->second.range : std::nullopt;
}

// The usual gateway is agreed on without being named, so that 'docker network inspect' shows the
// same on every host.
std::optional<Subnet> as_asked_for(std::optional<Subnet> subnet,
                                   const std::optional<Prefix>& range) {
  if (subnet && subnet->gateway == usual_gateway(subnet->pool, range)) subnet->gateway.reset();
  return subnet;
}

MirrorPlan::Create creation(const cluster::View& view, const SharedNetwork& network) {
  const auto range_v4 = range_of(view, network.pool_v4);
  const auto range_v6 = range_of(view, network.pool_v6);
  return {.name = network.name,
          .id = network.id,
          .v4 = as_asked_for(network.v4, range_v4),
          .v6 = as_asked_for(network.v6, range_v6),
          .range_v4 = range_v4,
          .range_v6 = range_v6,
          .internal = network.internal,
          .options = network.options};
}

// Made on two hosts at the same moment under one name: the first to say it has it, and the other
// gives way.
bool lost_its_name(const Engine& engine, const Network& network) {
  const auto& networks = engine.cluster->view.networks;
  const auto name = engine.state.network_names.find(network.key);
  const auto record = networks.find(network.shared);
  if (name == engine.state.network_names.end() || record == networks.end() ||
      !record->second.name.empty())
    return false;
  return std::ranges::any_of(networks, [&](const auto& item) {
    return !item.second.removing && item.second.name == name->second;
  });
}

}  // namespace

std::string mirror_subject(const std::string& name) { return "network " + name; }

MirrorPlan mirror_plan(const Engine& engine) {
  MirrorPlan plan;
  if (!engine.cluster || !engine.cluster->introduced || !engine.cluster->settings.mirror)
    return plan;
  const Membership& cluster = *engine.cluster;
  for (const auto& [id, network] : cluster.view.networks)
    if (!network.name.empty() && !network.removing && !cluster.removed.contains(id) &&
        local_network(engine.state, id) == nullptr)
      plan.create.push_back(creation(cluster.view, network));
  for (const auto& [key, network] : engine.state.networks) {
    if (network.shared.empty() || network.made_for_attachment) continue;
    const auto record = cluster.view.networks.find(network.shared);
    const bool going = record == cluster.view.networks.end() || record->second.removing ||
                       lost_its_name(engine, network);
    if (going && endpoints_of(engine.state, key).empty())
      plan.remove.push_back({.key = key, .name = network_name(engine.state, key)});
  }
  return plan;
}

void mirrored(Engine& engine, const std::string& name, const Status& done) {
  if (done)
    engine.state.shared_problems.erase(mirror_subject(name));
  else
    engine.state.shared_problems[mirror_subject(name)] = done.error().message();
}

std::optional<ClusterOverview> cluster_overview(const Engine& engine) {
  if (!engine.cluster) return std::nullopt;
  const Membership& cluster = *engine.cluster;
  ClusterOverview out;
  out.settings = cluster.settings;
  out.settings.password.clear();
  out.uuid = cluster.uuid;
  if (cluster.agent) out.agent = cluster.agent->status();
  out.nodes = cluster.view.nodes.size();
  out.networks = cluster.view.networks.size();
  out.endpoints = cluster.view.endpoints.size();
  for (const auto& [subject, problem] : engine.state.shared_problems)
    out.problems.push_back(problem);
  for (const auto& [key, problem] : cluster.view.problems)
    out.problems.push_back(key + ": " + problem);
  return out;
}

std::vector<PeerRow> peers(const Engine& engine) {
  std::vector<PeerRow> out;
  for (const auto& [name, peer] : engine.state.peers) {
    PeerRow row{.name = name, .alive = peer.alive, .rtt = peer.rtt, .last_error = peer.last_error};
    if (peer.written) {
      row.address = peer.written->remote.to_string();
      row.mode = peer.written->hops.empty() ? "kernel" : "direct";
      for (const datapath::NextHop& hop : peer.written->hops)
        row.path_mtu = row.path_mtu == 0 ? hop.mtu : std::min(row.path_mtu, hop.mtu);
    }
    if (peer.path_mtu != 0)
      row.path_mtu = row.path_mtu == 0 ? peer.path_mtu : std::min(row.path_mtu, peer.path_mtu);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace fairlead::engine
