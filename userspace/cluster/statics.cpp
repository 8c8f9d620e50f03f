// Single addresses, outside every block.
#include "cluster/pool_room.h"
#include "cluster/registry.h"
#include "cluster/transact.h"

namespace fairlead::cluster {

namespace {

// Why nobody can have the address, whoever asks.
Status check_address(const SharedPool& pool, const Address& address) {
  if (!pool.prefix.contains(address)) return fail(Errc::invalid_argument, "it is not in the pool");
  if (address == pool.gateway) return fail(Errc::conflict, "it is the gateway of the network");
  if (is_reserved(pool, address))
    return fail(Errc::invalid_argument, "it is the network or broadcast address of the pool");
  return {};
}

const Static* find_static(const View& view, const std::string& pool, const Address& address) {
  const auto of_pool = view.statics.find(pool);
  if (of_pool == view.statics.end()) return nullptr;
  const auto found = of_pool->second.find(address);
  return found == of_pool->second.end() ? nullptr : &found->second;
}

std::string owner_of(const View& view, const std::string& pool, const Prefix& prefix) {
  const auto of_pool = view.blocks.find(pool);
  if (of_pool == view.blocks.end()) return "a newer fairlead";
  const auto found = of_pool->second.find(prefix);
  return found == of_pool->second.end() ? "a newer fairlead" : found->second.owner;
}

}  // namespace

Status Registry::claim_static(const std::string& pool, const Address& address) {
  const Layout& layout = view_.layout();
  const std::string key = layout.fixed(pool, address);
  const std::string user = layout.user(pool, settings_.node);
  const auto decide = [&](unsigned) -> Result<Decision> {
    const auto known = view_.pools.find(pool);
    if (known == view_.pools.end() || view_.modified(user) == 0)
      return fail(Errc::not_found, "this host does not use the pool");
    if (auto fine = check_address(known->second, address); !fine)
      return std::unexpected(std::move(fine).error());

    Decision decision(view_);
    if (view_.modified(key) != 0) {
      const auto* fixed = find_static(view_, pool, address);
      if (fixed != nullptr && fixed->owner == settings_.node) return decision;
      return fail(Errc::conflict,
                  "it is in use on " + (fixed == nullptr ? "another host" : fixed->owner));
    }
    if (const auto block = block_around(known->second, address)) {
      const std::string covering = layout.block(pool, *block);
      if (view_.modified(covering) != 0)
        return fail(Errc::already_exists, "it is of block " + block->to_string() + " of " +
                                              owner_of(view_, pool, *block));
      decision.absent(covering);
    }
    decision.unchanged(user);
    decision.unchanged(layout.pool(pool));  // its gateway
    decision.absent(key);
    decision.put(Static{.pool = pool, .address = address, .owner = settings_.node});
    decision.touch(layout.blocks_guard(pool), settings_.node);
    return decision;
  };
  const std::vector<std::string> all = {layout.statics(pool), layout.blocks(pool)};
  if (auto done = transact(client_, view_, decide, all); !done)
    return fail(std::move(done).error(), "claim address " + address.to_string());
  return {};
}

Status Registry::release_static(const std::string& pool, const Address& address) {
  const std::string key = view_.layout().fixed(pool, address);
  const auto decide = [&](unsigned) -> Result<Decision> {
    Decision decision(view_);
    const auto* fixed = find_static(view_, pool, address);
    if (fixed == nullptr || fixed->owner != settings_.node) return decision;
    decision.unchanged(key);
    decision.erase(key);
    return decision;
  };
  if (auto done = transact(client_, view_, decide); !done)
    return fail(std::move(done).error(), "release address " + address.to_string());
  return {};
}

}  // namespace fairlead::cluster
