// tidy_cluster: what this host has in the store compared with what it has. Whatever a request could
// not say because the store was away, or a crash left half done, is put right here.
#include <algorithm>
#include <set>

#include "engine/cluster_verbs.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/shared_pools.h"

namespace fairlead::engine {

namespace {

// A block is given back while another one still has room for the next few containers.
constexpr std::uint64_t kRoom = 4;

const ipam::Pool* find_local(const std::vector<ipam::Pool>& pools, const std::string& shared) {
  const auto found = std::ranges::find(pools, shared, &ipam::Pool::shared);
  return found == pools.end() ? nullptr : &*found;
}

bool is_leased(const Engine& engine, const ipam::Pool& pool, const Address& address) {
  const auto leases = engine.ipam.leases(pool.id);
  return std::ranges::any_of(leases, [&](const ipam::Lease& lease) {
    return lease.address == address && lease.use != ipam::Use::cooling;
  });
}

Status tidy_networks(Engine& engine) {
  Membership& cluster = *engine.cluster;
  Problems problems("networks");
  const auto removed = cluster.removed;
  for (const std::string& id : removed) {
    const auto known = cluster.view.networks.find(id);
    Status done;
    if (known != cluster.view.networks.end() && !known->second.removing)
      done = cluster.registry.mark_removing(id);
    if (done) done = cluster.registry.leave_network(id);
    if (done) done = engine.store.apply({store::EraseSetting{"cluster.removed." + id}});
    if (done) cluster.removed.erase(id);
    problems.add(done);
  }
  std::vector<std::string> stale;
  for (const auto& [id, members] : cluster.view.members)
    if (members.contains(cluster.settings.node) && local_network(engine.state, id) == nullptr)
      stale.push_back(id);
  for (const std::string& id : stale) problems.add(cluster.registry.leave_network(id));
  for (const auto& [key, network] : engine.state.networks) {
    if (network.shared.empty()) continue;
    const auto members = cluster.view.members.find(network.shared);
    const bool member =
        members != cluster.view.members.end() && members->second.contains(cluster.settings.node);
    const auto record = cluster.view.networks.find(network.shared);
    if (!member && record != cluster.view.networks.end() && !record->second.removing)
      problems.add(cluster.registry.join_network(network.shared));
    const auto name = engine.state.network_names.find(key);
    if (record != cluster.view.networks.end() && record->second.name.empty() &&
        name != engine.state.network_names.end())
      problems.add(name_shared(engine, network, name->second));
  }
  return problems.status();
}

// What the other hosts ought to know of the containers here.
void tidy_endpoints(Engine& engine) {
  Membership& cluster = *engine.cluster;
  std::set<std::string> wanted;
  for (const auto& [key, endpoint] : engine.state.endpoints) {
    const auto network = engine.state.networks.find(endpoint.network);
    if (network == engine.state.networks.end() || network->second.shared.empty()) continue;
    announce(engine, network->second, endpoint);
    wanted.insert(
        cluster.view.layout().endpoint(network->second.shared, cluster.settings.node, key));
  }
  for (const auto& [key, endpoint] : cluster.view.endpoints)
    if (endpoint.node == cluster.settings.node && !wanted.contains(key)) cluster.agent->erase(key);
}

Status tidy_pools(Engine& engine, const std::vector<ipam::Pool>& pools) {
  Membership& cluster = *engine.cluster;
  Problems problems("pools");
  std::vector<std::string> stale;
  for (const auto& [pool, users] : cluster.view.users)
    if (users.contains(cluster.settings.node) && find_local(pools, pool) == nullptr)
      stale.push_back(pool);
  for (const std::string& pool : stale) problems.add(cluster.registry.release_pool(pool));
  return problems.status();
}

Status tidy_addresses(Engine& engine, const std::vector<ipam::Pool>& pools) {
  Membership& cluster = *engine.cluster;
  Problems problems("addresses");
  std::vector<std::pair<const ipam::Pool*, Address>> unused;
  for (const auto& [id, statics] : cluster.view.statics)
    if (const ipam::Pool* pool = find_local(pools, id))
      for (const auto& [address, fixed] : statics)
        if (fixed.owner == cluster.settings.node && !is_leased(engine, *pool, address))
          unused.emplace_back(pool, address);
  for (const auto& [id, blocks] : cluster.view.blocks)
    if (const ipam::Pool* pool = find_local(pools, id))
      for (const auto& [prefix, block] : blocks)
        for (const auto& [address, node] : block.lent)
          if (node == cluster.settings.node && block.owner != node &&
              !is_leased(engine, *pool, address))
            unused.emplace_back(pool, address);
  for (const auto& [pool, address] : unused) give_up_address(engine, *pool, address);

  // Nobody waits for these answers any more.
  std::vector<cluster::Ask> asked;
  for (const auto& [key, ask] : cluster.view.asks)
    if (ask.node == cluster.settings.node) asked.push_back(ask);
  for (const cluster::Ask& ask : asked)
    problems.add(cluster.registry.withdraw_ask(ask.pool, ask.address));
  return problems.status();
}

// One empty block a pool at a time, and never the room that the next container needs.
Status tidy_blocks(Engine& engine, const std::vector<ipam::Pool>& pools) {
  Problems problems("blocks");
  for (const ipam::Pool& pool : pools) {
    if (pool.shared.empty() || pool.blocks.size() < 2) continue;
    std::map<Prefix, std::uint64_t> used;
    for (const Prefix& block : pool.blocks) used[block] = 0;
    for (const ipam::Lease& lease : engine.ipam.leases(pool.id))
      for (auto& [block, count] : used) count += block.contains(lease.address) ? 1 : 0;
    const auto empty = std::ranges::find(used, 0U, &std::pair<const Prefix, std::uint64_t>::second);
    if (empty == used.end()) continue;
    const bool room = std::ranges::any_of(used, [&](const auto& item) {
      const unsigned bits = (item.first.family() == Family::v4 ? 32 : 128) - item.first.length();
      const std::uint64_t size = std::uint64_t{1} << std::min(bits, 62U);
      return item.first != empty->first && size >= item.second + kRoom;
    });
    if (!room) continue;
    auto done = engine.cluster->registry.release_block(pool.shared, empty->first);
    problems.add(done ? follow_blocks(engine, pool.shared) : done);
  }
  return problems.status();
}

}  // namespace

Status tidy_cluster(Engine& engine) {
  if (!engine.cluster || !engine.cluster->introduced) return {};
  Problems problems("tidy what this host has in the cluster");
  const auto pools = engine.ipam.pools();
  problems.add(tidy_networks(engine));
  tidy_endpoints(engine);
  problems.add(tidy_pools(engine, pools));
  problems.add(tidy_addresses(engine, pools));
  problems.add(tidy_blocks(engine, pools));
  return problems.status();
}

}  // namespace fairlead::engine
