// refresh_key, refresh_network, refresh_all, peer_number: from what the cluster says to what the
// programs know.
#include <algorithm>

#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/shared_pools.h"
#include "engine/underlay.h"

namespace fairlead::engine {

namespace {

using cluster::SharedEndpoint;

// Ids of the networks that this host has, by what the cluster calls them.
using LocalIds = std::map<std::string, NetworkId>;

LocalIds local_ids(const State& state) {
  LocalIds out;
  for (const auto& [key, network] : state.networks)
    if (!network.shared.empty()) out[network.shared] = network.id;
  return out;
}

Result<std::optional<datapath::RemoteEndpoint>> wanted_remote(Engine& engine, const LocalIds& ids,
                                                              const SharedEndpoint& endpoint) {
  const auto id = ids.find(endpoint.network);
  if (id == ids.end() || endpoint.node == engine.cluster->settings.node) return std::nullopt;
  auto number = peer_number(engine, endpoint.node);
  if (!number) return std::unexpected(std::move(number).error());
  return datapath::RemoteEndpoint{.network = id->second,
                                  .peer = *number,
                                  .v4 = endpoint.v4,
                                  .v6 = endpoint.v6,
                                  .mac = endpoint.mac};
}

Status refresh_endpoint(Engine& engine, const LocalIds& ids, const std::string& key) {
  const auto known = engine.cluster->view.endpoints.find(key);
  std::optional<datapath::RemoteEndpoint> wanted;
  if (known != engine.cluster->view.endpoints.end()) {
    auto remote = wanted_remote(engine, ids, known->second);
    if (!remote) return std::unexpected(std::move(remote).error());
    wanted = std::move(*remote);
  }
  const auto written = engine.state.remotes.find(key);
  const bool had = written != engine.state.remotes.end();
  if (had && wanted && written->second == *wanted) return {};
  if (had) {
    if (auto done = engine.datapath.erase_remote(written->second); !done) return done;
    engine.state.remotes.erase(written);
  }
  if (!wanted) return {};
  if (auto done = engine.datapath.put_remote(*wanted); !done) return done;
  engine.state.remotes.emplace(key, *wanted);
  return {};
}

Status refresh_member(Engine& engine, const LocalIds& ids, const std::string& network,
                      const std::string& node) {
  Membership& cluster = *engine.cluster;
  const std::string key = cluster.view.layout().member(network, node);
  const auto members = cluster.view.members.find(network);
  const auto id = ids.find(network);
  const bool wanted = id != ids.end() && node != cluster.settings.node &&
                      members != cluster.view.members.end() && members->second.contains(node);
  const auto written = engine.state.memberships.find(key);
  if (wanted) {
    auto number = peer_number(engine, node);
    if (!number) return std::unexpected(std::move(number).error());
    const datapath::Membership member{.network = id->second, .peer = *number};
    if (written != engine.state.memberships.end() && written->second == member) return {};
    if (auto done = engine.datapath.put_member(member); !done) return done;
    engine.state.memberships[key] = member;
  } else if (written != engine.state.memberships.end()) {
    if (auto done = engine.datapath.erase_member(written->second); !done) return done;
    engine.state.memberships.erase(written);
  }
  return {};
}

// A host that has left. Its number is kept: it may come back, and maps may say it still.
Status drop_peer(Engine& engine, const std::string& node) {
  const auto peer = engine.state.peers.find(node);
  if (peer == engine.state.peers.end()) return {};
  const datapath::PeerId number = peer->second.number;
  std::erase_if(engine.state.remotes, [&](const auto& item) { return item.second.peer == number; });
  std::erase_if(engine.state.memberships,
                [&](const auto& item) { return item.second.peer == number; });
  engine.state.peers.erase(peer);
  return engine.datapath.erase_peer(number);
}

Status refresh_node(Engine& engine, const std::string& name) {
  const cluster::View& view = engine.cluster->view;
  const auto known = view.nodes.find(name);
  if (name == engine.cluster->settings.node) return {};
  if (known == view.nodes.end()) return drop_peer(engine, name);
  auto number = peer_number(engine, name);
  if (!number) return std::unexpected(std::move(number).error());
  PeerState& peer = engine.state.peers[name];
  peer.number = *number;
  peer.node = known->second;
  const bool alive = view.alive.contains(name);
  if (alive != peer.alive) peer.since = engine.clock.now();
  peer.alive = alive;
  return {};
}

// What follows `prefix` in `key`, cut at slashes; empty: another prefix.
std::vector<std::string> parts_after(const std::string& key, const std::string& prefix) {
  std::vector<std::string> out;
  if (!key.starts_with(prefix)) return out;
  for (std::size_t from = prefix.size(); from <= key.size();) {
    const std::size_t end = std::min(key.find('/', from), key.size());
    out.push_back(key.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

}  // namespace

Result<datapath::PeerId> peer_number(Engine& engine, const std::string& node) {
  auto& numbers = engine.state.peer_numbers;
  if (const auto known = numbers.find(node); known != numbers.end()) return known->second;
  datapath::PeerId highest = 0;
  for (const auto& [name, number] : numbers) highest = std::max(highest, number);
  const datapath::PeerId number = highest + 1;
  if (auto done = engine.store.apply({store::PeerNumber{.node = node, .number = number}}); !done)
    return fail(std::move(done).error(), "remember host " + node);
  numbers[node] = number;
  return number;
}

Status refresh_key(Engine& engine, const std::string& key) {
  const std::string& root = engine.cluster->view.layout().root();
  for (const char* kind : {"nodes/", "alive/"})
    if (const auto parts = parts_after(key, root + kind); parts.size() == 1)
      return refresh_node(engine, parts[0]);
  if (const auto parts = parts_after(key, root + "members/"); parts.size() == 2)
    return refresh_member(engine, local_ids(engine.state), parts[0], parts[1]);
  if (key.starts_with(root + "eps/")) return refresh_endpoint(engine, local_ids(engine.state), key);
  if (const auto parts = parts_after(key, root + "blocks/"); parts.size() == 2)
    return follow_blocks(engine, parts[0]);
  return {};
}

Status refresh_network(Engine& engine, const std::string& shared) {
  const LocalIds ids = local_ids(engine.state);
  Problems problems("follow the cluster's network " + shared.substr(0, 12));
  const std::string under = engine.cluster->view.layout().endpoints(shared);
  const auto& endpoints = engine.cluster->view.endpoints;
  for (auto item = endpoints.lower_bound(under);
       item != endpoints.end() && item->first.starts_with(under); ++item)
    problems.add(refresh_endpoint(engine, ids, item->first));
  std::erase_if(engine.state.remotes, [&](const auto& item) {
    if (!item.first.starts_with(under) || endpoints.contains(item.first)) return false;
    problems.add(engine.datapath.erase_remote(item.second));
    return true;
  });
  const auto members = engine.cluster->view.members.find(shared);
  if (members != engine.cluster->view.members.end())
    for (const auto& [node, member] : members->second)
      problems.add(refresh_member(engine, ids, shared, node));
  return problems.status();
}

Status refresh_all(Engine& engine) {
  Problems problems("follow the cluster");
  const cluster::View& view = engine.cluster->view;
  const LocalIds ids = local_ids(engine.state);
  std::vector<std::string> names;
  for (const auto& [name, peer] : engine.state.peers) names.push_back(name);
  for (const auto& [name, node] : view.nodes) names.push_back(name);
  for (const std::string& name : names) problems.add(refresh_node(engine, name));

  std::vector<std::string> keys;
  for (const auto& [key, remote] : engine.state.remotes) keys.push_back(key);
  for (const auto& [key, endpoint] : view.endpoints) keys.push_back(key);
  for (const std::string& key : keys) problems.add(refresh_endpoint(engine, ids, key));
  for (const auto& [network, members] : view.members)
    for (const auto& [node, member] : members)
      problems.add(refresh_member(engine, ids, network, node));
  const std::string under = view.layout().root() + "members/";
  std::vector<std::string> written;
  for (const auto& [key, member] : engine.state.memberships) written.push_back(key);
  for (const std::string& key : written)
    if (const auto parts = parts_after(key, under); parts.size() == 2)
      problems.add(refresh_member(engine, ids, parts[0], parts[1]));
  for (const auto& [pool, blocks] : view.blocks) problems.add(follow_blocks(engine, pool));
  return problems.status();
}

}  // namespace fairlead::engine
