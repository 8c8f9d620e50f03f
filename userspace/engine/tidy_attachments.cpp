// tidy_attachments: what attachments have left behind, for hosts where no Docker says what is
// missing.
#include <algorithm>

#include "engine/attached_network.h"
#include "engine/attachments.h"
#include "engine/lookup.h"

namespace fairlead::engine {

namespace {

std::vector<Network> idle_networks(Engine& engine) {
  std::vector<Network> out;
  std::map<std::string, TimePoint> idle;
  const TimePoint now = engine.clock.now();
  for (const auto& [key, network] : engine.state.networks) {
    if (!network.made_for_attachment || !endpoints_of(engine.state, key).empty()) continue;
    const auto before = engine.state.idle_since.find(key);
    const TimePoint since = before != engine.state.idle_since.end() ? before->second : now;
    if (now - since >= engine.settings.orphan_grace || is_forgotten(engine, network))
      out.push_back(network);
    else
      idle.emplace(key, since);
  }
  engine.state.idle_since = std::move(idle);
  return out;
}

bool is_used(const State& state, const Address& address) {
  return std::ranges::any_of(state.endpoints, [&](const auto& entry) {
    const Endpoint& endpoint = entry.second;
    return (endpoint.v4 && endpoint.v4->address() == address) ||
           (endpoint.v6 && endpoint.v6->address() == address);
  });
}

// The daemon ended between an address and its endpoint.
Status release_lost(Engine& engine, const ipam::Pool& pool) {
  Problems problems("release addresses that nobody has");
  for (const ipam::Lease& lease : engine.ipam.leases(pool.id))
    if (lease.use == ipam::Use::endpoint && !is_used(engine.state, lease.address) &&
        engine.clock.now() - lease.since >= engine.settings.orphan_grace)
      problems.add(release_address(engine, pool.id, lease.address));
  return problems.status();
}

}  // namespace

Status tidy_attachments(Engine& engine) {
  Problems problems("tidy networks of containers that are gone");
  for (const Network& network : idle_networks(engine))
    problems.add(drop_attached_network(engine, network));
  for (const auto& [key, network] : engine.state.networks) {
    if (!network.made_for_attachment) continue;
    for (const Family family : {Family::v4, Family::v6})
      if (const auto pool = pool_of(engine, network, family))
        problems.add(release_lost(engine, *pool));
  }
  return problems.status();
}

}  // namespace fairlead::engine
