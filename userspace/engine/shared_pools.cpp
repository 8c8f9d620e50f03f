#include "engine/shared_pools.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/lookup.h"

namespace fairlead::engine {

namespace {

// How far claim_single() looks: each step may be a question to the store.
constexpr std::size_t kMostSingles = 512;

using cluster::Block;
using cluster::SharedNetwork;
using cluster::SharedPool;

Result<const SharedNetwork*> find_shared(const Engine& engine, const std::string& name) {
  const auto& networks = engine.cluster->view.networks;
  const auto found = std::ranges::find_if(networks, [&](const auto& entry) {
    const SharedNetwork& network = entry.second;
    return !network.removing && (network.name == name || network.id == name);
  });
  if (found != networks.end()) return &found->second;
  return fail(Errc::not_found, "the cluster has no network " + name +
                                   ": see 'fairlead networks' on the host that made it");
}

// Which pool of the cluster is meant, when it is named by its network.
Status follow_name(const Engine& engine, const PoolRequest& want, cluster::PoolRequest& ask) {
  if (want.shared_name.empty()) return {};
  const auto network = find_shared(engine, want.shared_name);
  if (!network) return std::unexpected(network.error());
  const bool v4 = (ask.prefix ? ask.prefix->family() : ask.family) == Family::v4;
  const auto& subnet = v4 ? (*network)->v4 : (*network)->v6;
  if (!subnet)
    return fail(Errc::invalid_argument, "the cluster's network " + want.shared_name +
                                            " has no IPv" + (v4 ? "4" : "6") + " subnet");
  if (ask.prefix && *ask.prefix != subnet->pool)
    return fail(Errc::conflict, "the cluster's network " + want.shared_name + " has subnet " +
                                    subnet->pool.to_string() + ", not " + ask.prefix->to_string() +
                                    ": leave --subnet out");
  ask.prefix = subnet->pool;
  return {};
}

// The block of the pool that an address lies in, whoever owns it.
const Block* covering_block(const Engine& engine, const std::string& pool, const Address& address) {
  const auto blocks = engine.cluster->view.blocks.find(pool);
  if (blocks == engine.cluster->view.blocks.end()) return nullptr;
  for (const auto& [prefix, block] : blocks->second)
    if (prefix.contains(address)) return &block;
  return nullptr;
}

Status keep_pool(Engine& engine, const ipam::Pool& pool) { return engine.store.apply({pool}); }

// Asks the owner of a block for one of its addresses, and looks whether it has answered.
Status ask_owner(Engine& engine, const std::string& pool, const Block& block,
                 const Address& address) {
  Membership& cluster = *engine.cluster;
  const std::string& node = cluster.settings.node;
  if (const auto lent = block.lent.find(address); lent != block.lent.end()) {
    if (lent->second == node) return {};
    return fail(Errc::conflict,
                "address " + address.to_string() + " is in use on host " + lent->second);
  }
  const auto asked = cluster.view.asks.find(cluster.view.layout().ask(pool, address, node));
  if (asked != cluster.view.asks.end() && !asked->second.refusal.empty()) {
    const std::string refusal = asked->second.refusal;
    (void)cluster.registry.withdraw_ask(pool, address);
    return fail(Errc::conflict, refusal);
  }
  if (!cluster.view.alive.contains(block.owner))
    return fail(Errc::unavailable,
                "address " + address.to_string() + " is one that host " + block.owner +
                    " hands out, and it is silent: start it, choose an address outside " +
                    block.prefix.to_string() +
                    ", or, if it is gone for good, 'fairlead cluster forget " + block.owner + "'");
  if (asked == cluster.view.asks.end())
    if (auto done = cluster.registry.ask(pool, address); !done) return done;
  return fail(Errc::busy, "host " + block.owner + " was asked for address " + address.to_string() +
                              " and did not answer: is its fairleadd running? ('fairlead peers')");
}

}  // namespace

Address usual_gateway(const Prefix& pool, const std::optional<Prefix>& range) {
  const Address first = range ? range->first() : pool.first();
  const bool tiny = pool.first().plus(1) == pool.last();  // RFC 3021, RFC 6164: both are hosts'
  return first == pool.first() && !tiny ? first.plus(1) : first;
}

std::vector<Prefix> own_blocks(const Engine& engine, const std::string& shared_pool) {
  std::vector<Prefix> out;
  const auto blocks = engine.cluster->view.blocks.find(shared_pool);
  if (blocks == engine.cluster->view.blocks.end()) return out;
  for (const auto& [prefix, block] : blocks->second)
    if (block.owner == engine.cluster->settings.node) out.push_back(prefix);
  return out;
}

Result<ipam::Pool> request_shared_pool(Engine& engine, const PoolRequest& want,
                                       std::vector<Prefix> taken) {
  Membership& cluster = *engine.cluster;
  cluster::PoolRequest ask{.prefix = want.pool.prefix,
                           .range = want.pool.range,
                           .family = want.pool.family,
                           .taken = std::move(taken)};
  if (auto done = follow_name(engine, want, ask); !done)
    return std::unexpected(std::move(done).error());
  for (const ipam::Pool& pool : engine.ipam.pools()) ask.taken.push_back(pool.prefix);

  auto shared = cluster.registry.request_pool(ask);
  if (!shared) return fail(std::move(shared).error(), "share a subnet with the cluster");
  ipam::PoolRequest local = want.pool;
  local.prefix = shared->prefix;
  auto pool = engine.ipam.request_pool(local, {}, engine.clock.now());
  if (!pool) {
    const auto pools = engine.ipam.pools();
    const bool used = std::ranges::find(pools, shared->id, &ipam::Pool::shared) != pools.end();
    if (!used) give_up_pool(engine, shared->id);
    return pool;
  }
  const auto marked = engine.ipam.set_shared(pool->id, shared->id, own_blocks(engine, shared->id));
  if (auto done = keep_pool(engine, *marked); !done) {
    engine.ipam.release_pool(pool->id);
    give_up_pool(engine, shared->id);
    return fail(std::move(done).error(), "remember pool " + pool->prefix.to_string());
  }
  return *marked;
}

void give_up_pool(Engine& engine, const std::string& shared_pool) {
  if (!engine.cluster) return;
  if (auto done = engine.cluster->registry.release_pool(shared_pool); !done)
    log::event(log::Level::info, "pool_release_waits",
               {{"pool", shared_pool}, {"error", done.error().message()}});
}

Result<Address> agree_on_gateway(Engine& engine, const ipam::Pool& pool,
                                 std::optional<Address> address) {
  const auto shared = engine.cluster->view.pools.find(pool.shared);
  if (shared == engine.cluster->view.pools.end())
    return fail(Errc::not_found, "the cluster no longer has pool " + pool.prefix.to_string() +
                                     ": create the network again");
  if (shared->second.gateway && (!address || *address == *shared->second.gateway))
    return *shared->second.gateway;
  if (!address) address = usual_gateway(pool.prefix, pool.range);
  auto agreed = engine.cluster->registry.set_gateway(pool.shared, *address);
  if (!agreed) return std::unexpected(std::move(agreed).error());
  return *agreed->gateway;
}

Status reserve_shared(Engine& engine, const ipam::Pool& pool, const Address& address) {
  Membership& cluster = *engine.cluster;
  if (!pool.prefix.contains(address)) return {};  // refused by the books, with their own words
  if (const auto shared = cluster.view.pools.find(pool.shared);
      shared != cluster.view.pools.end() && shared->second.gateway == address)
    return {};
  for (const int attempt : {1, 2}) {
    if (const Block* block = covering_block(engine, pool.shared, address)) {
      if (block->owner == cluster.settings.node) return {};
      return ask_owner(engine, pool.shared, *block, address);
    }
    auto done = cluster.registry.claim_static(pool.shared, address);
    if (done || done.error().code() != Errc::already_exists || attempt == 2) return done;
  }
  return {};
}

Status claim_block(Engine& engine, const ipam::Pool& pool) {
  auto block = engine.cluster->registry.claim_block(pool.shared);
  if (!block) return std::unexpected(std::move(block).error());
  return follow_blocks(engine, pool.shared);
}

Result<Address> claim_single(Engine& engine, const ipam::Pool& pool) {
  const Prefix& area = pool.range ? *pool.range : pool.prefix;
  std::set<Address> held;  // cooling down, too
  for (const ipam::Lease& lease : engine.ipam.leases(pool.id)) held.insert(lease.address);
  if (const auto statics = engine.cluster->view.statics.find(pool.shared);
      statics != engine.cluster->view.statics.end())
    for (const auto& [address, fixed] : statics->second) held.insert(address);
  Address candidate = area.first();
  for (std::size_t tried = 0; tried < kMostSingles; ++tried, candidate = candidate.plus(1)) {
    if (const Block* block = covering_block(engine, pool.shared, candidate)) {
      candidate = block->prefix.last();
    } else if (!held.contains(candidate)) {
      auto done = engine.cluster->registry.claim_static(pool.shared, candidate);
      if (done) return candidate;
      if (done.error().code() == Errc::unavailable) return std::unexpected(std::move(done).error());
    }
    if (candidate == area.last()) break;
  }
  return fail(Errc::exhausted, "nor is an address left between the blocks");
}

void give_up_address(Engine& engine, const ipam::Pool& pool, const Address& address) {
  if (!engine.cluster) return;
  Membership& cluster = *engine.cluster;
  Status done;
  const auto statics = cluster.view.statics.find(pool.shared);
  if (statics != cluster.view.statics.end()) {
    const auto held = statics->second.find(address);
    if (held != statics->second.end() && held->second.owner == cluster.settings.node)
      done = cluster.registry.release_static(pool.shared, address);
  }
  if (const Block* block = covering_block(engine, pool.shared, address)) {
    const auto lent = block->lent.find(address);
    if (lent != block->lent.end() && lent->second == cluster.settings.node)
      done = cluster.registry.give_back(pool.shared, address);
  }
  if (!done)  // tidy_cluster() comes back to it
    log::event(log::Level::info, "address_release_waits",
               {{"address", address.to_string()}, {"error", done.error().message()}});
}

void answer_asks(Engine& engine) {
  Membership& cluster = *engine.cluster;
  const auto asks = cluster.view.asks;  // answering changes the view
  for (const auto& [key, ask] : asks) {
    const Block* block = covering_block(engine, ask.pool, ask.address);
    if (!ask.refusal.empty() || block == nullptr || block->owner != cluster.settings.node) continue;
    const auto pools = engine.ipam.pools();
    const auto pool = std::ranges::find(pools, ask.pool, &ipam::Pool::shared);
    if (pool == pools.end()) continue;

    Status done;
    auto lease =
        engine.ipam.request_address(pool->id, ask.address, ipam::Use::lent, engine.clock.now());
    if (!lease) {
      done = cluster.registry.refuse(ask,
                                     lease.error().message() + " of host " + cluster.settings.node);
    } else if (done = engine.store.apply({*lease}); done) {
      done = cluster.registry.lend(ask.pool, block->prefix, ask.address, ask.node);
    }
    if (lease && !done) engine.ipam.forget_address(pool->id, ask.address);
    if (!done)
      log::event(log::Level::warning, "ask_failed",
                 {{"address", ask.address.to_string()}, {"error", done.error().message()}});
  }
}

Status follow_blocks(Engine& engine, const std::string& shared_pool) {
  const auto pools = engine.ipam.pools();
  const auto pool = std::ranges::find(pools, shared_pool, &ipam::Pool::shared);
  if (pool == pools.end()) return {};
  const auto blocks = own_blocks(engine, shared_pool);
  std::vector<store::Change> changes;
  if (blocks != pool->blocks)
    changes.emplace_back(*engine.ipam.set_shared(pool->id, shared_pool, blocks));

  // A loan whose making was not answered, and those that have ended.
  if (const auto known = engine.cluster->view.blocks.find(shared_pool);
      known != engine.cluster->view.blocks.end()) {
    for (const Prefix& prefix : blocks)
      for (const auto& [address, node] : known->second.at(prefix).lent)
        if (auto lent =
                engine.ipam.request_address(pool->id, address, ipam::Use::lent, engine.clock.now()))
          changes.emplace_back(*lent);
  }
  for (const ipam::Lease& lease : engine.ipam.leases(pool->id)) {
    if (lease.use != ipam::Use::lent) continue;
    const Block* block = covering_block(engine, shared_pool, lease.address);
    if (block != nullptr && block->lent.contains(lease.address)) continue;
    if (auto cooling = engine.ipam.release_address(pool->id, lease.address, engine.clock.now()))
      changes.emplace_back(*cooling);
  }
  if (changes.empty()) return {};
  return engine.store.apply(changes);
}

}  // namespace fairlead::engine
