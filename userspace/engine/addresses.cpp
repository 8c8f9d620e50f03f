// request_pool, release_pool, request_address, release_address.
#include <algorithm>

#include "engine/lookup.h"
#include "engine/shared_pools.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

// What a chosen pool must keep off: networks of other IPAM drivers, and every route of the host.
Result<std::vector<Prefix>> taken_prefixes(Engine& engine) {
  auto routes = engine.links.routes();
  if (!routes) return std::unexpected(std::move(routes).error());
  std::vector<Prefix> taken;
  for (const netlink::RouteInfo& route : *routes)
    if (route.destination.length() > 0) taken.push_back(route.destination.network());
  for (const auto& [key, network] : engine.state.networks)
    for (const auto* subnet : {&network.v4, &network.v6})
      if (*subnet) taken.push_back((*subnet)->pool);
  return taken;
}

bool has_network(const State& state, const Prefix& pool) {
  return std::ranges::any_of(state.networks, [&](const auto& entry) {
    const Network& network = entry.second;
    return (network.v4 && network.v4->pool == pool) || (network.v6 && network.v6->pool == pool);
  });
}

// This host's blocks are full: another block, or, if each has its owner, a single address, which is
// returned.
Result<std::optional<Address>> make_room(Engine& engine, const ipam::Pool& pool) {
  auto more = claim_block(engine, pool);
  if (more) return std::nullopt;
  if (more.error().code() != Errc::exhausted) return std::unexpected(std::move(more).error());
  auto single = claim_single(engine, pool);
  if (single) return *single;
  if (single.error().code() != Errc::exhausted) return std::unexpected(std::move(single).error());
  return fail(Errc::exhausted, more.error().message() + "; " + single.error().message());
}

// Nothing is free: more room in a shared pool, else an address that still cools down. A container
// that starts matters more than packets which may still be on their way to the last one.
Result<ipam::Lease> look_further(Engine& engine, const ipam::Pool& pool, ipam::Use use,
                                 Error exhausted) {
  const TimePoint now = engine.clock.now();
  std::string why = exhausted.message();
  Errc code = Errc::exhausted;
  if (!pool.shared.empty() && engine.cluster) {
    auto more = make_room(engine, pool);
    if (more) return engine.ipam.request_address(pool.id, *more, use, now);
    why = more.error().message() + ": " + why;
    code = more.error().code();
  }
  if (auto lease = engine.ipam.reuse_address(pool.id, use, now)) return lease;
  return fail(code, std::move(why));
}

}  // namespace

Result<ipam::Pool> request_pool(Engine& engine, const PoolRequest& want) {
  if (!want.shared_name.empty() && !engine.cluster)
    return fail(Errc::invalid_argument,
                "option fairlead.network: this host is in no cluster "
                "('fairlead cluster join', or leave the option out)");
  std::vector<Prefix> taken;
  if (!want.pool.prefix) {
    auto found = taken_prefixes(engine);
    if (!found) return fail(std::move(found).error(), "choose a subnet");
    taken = std::move(*found);
  }
  if (engine.cluster && want.scope == Scope::cluster)
    return request_shared_pool(engine, want, std::move(taken));

  auto pool = engine.ipam.request_pool(want.pool, taken, engine.clock.now());
  if (!pool) return pool;
  if (auto done = engine.store.apply({*pool}); !done) {
    engine.ipam.release_pool(pool->id);
    return fail(std::move(done).error(), "remember pool " + pool->prefix.to_string());
  }
  return pool;
}

Status release_pool(Engine& engine, const std::string& id) {
  const auto pool = engine.ipam.find_pool(id);
  if (!pool) return {};
  if (auto done = engine.store.apply({store::ErasePool{id}}); !done)
    return fail(std::move(done).error(), "release pool " + id);
  engine.ipam.release_pool(id);
  if (!pool->shared.empty()) give_up_pool(engine, pool->shared);
  return {};
}

Result<Prefix> request_address(Engine& engine, const std::string& pool,
                               std::optional<Address> address, ipam::Use use) {
  const auto found = engine.ipam.find_pool(pool);
  const bool shared = found && !found->shared.empty() && engine.cluster;
  if (shared && use == ipam::Use::gateway) {
    auto gateway = agree_on_gateway(engine, *found, address);
    if (!gateway) return std::unexpected(std::move(gateway).error());
    address = *gateway;
  }
  // Auxiliary addresses are asked for by address before the network exists; like a gateway they
  // belong to the network, not to an endpoint.
  if (found && address && !has_network(engine.state, found->prefix)) {
    const bool auxiliary = use == ipam::Use::endpoint;
    use = ipam::Use::gateway;
    if (shared && auxiliary)
      if (auto mine = reserve_shared(engine, *found, *address); !mine)
        return std::unexpected(std::move(mine).error());
  } else if (shared && use == ipam::Use::endpoint && address) {
    if (auto mine = reserve_shared(engine, *found, *address); !mine)
      return std::unexpected(std::move(mine).error());
  }

  const TimePoint now = engine.clock.now();
  auto lease = engine.ipam.request_address(pool, address, use, now);
  if (!lease && !address && lease.error().code() == Errc::exhausted)
    lease = look_further(engine, *found, use, std::move(lease).error());
  if (!lease) return std::unexpected(std::move(lease).error());
  if (auto done = engine.store.apply({*lease}); !done) {
    engine.ipam.forget_address(pool, lease->address);
    return fail(std::move(done).error(), "remember address " + lease->address.to_string());
  }
  return Prefix(lease->address, found->prefix.length());
}

Status release_address(Engine& engine, const std::string& pool, const Address& address) {
  const auto cooling = engine.ipam.release_address(pool, address, engine.clock.now());
  if (!cooling) return {};
  if (auto done = engine.store.apply({*cooling}); !done)
    return fail(std::move(done).error(), "release address " + address.to_string());
  const auto found = engine.ipam.find_pool(pool);
  if (found && !found->shared.empty()) give_up_address(engine, *found, address);
  return {};
}

}  // namespace fairlead::engine
