#include "ipam/ipam.h"

#include "ipam/area.h"

namespace fairlead::ipam {

void Ipam::restore(const std::vector<Pool>& pools, const std::vector<Lease>& leases) {
  pools_.clear();
  recently_chosen_.clear();
  for (const auto& pool : pools) pools_[pool.id].pool = pool;
  for (const auto& lease : leases) {
    const auto found = pools_.find(lease.pool);
    if (found != pools_.end()) found->second.leases[lease.address] = lease;
  }
}

std::optional<Pool> Ipam::set_shared(const std::string& id, const std::string& shared,
                                     std::vector<Prefix> blocks) {
  const auto found = pools_.find(id);
  if (found == pools_.end()) return std::nullopt;
  found->second.pool.shared = shared;
  found->second.pool.blocks = std::move(blocks);
  return found->second.pool;
}

std::optional<Pool> Ipam::release_pool(const std::string& id) {
  auto node = pools_.extract(id);
  if (!node) return std::nullopt;
  return std::move(node.mapped().pool);
}

std::optional<Lease> Ipam::release_address(const std::string& pool, const Address& address,
                                           TimePoint now) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return std::nullopt;
  const auto lease = found->second.leases.find(address);
  if (lease == found->second.leases.end() || lease->second.use == Use::cooling) return std::nullopt;
  lease->second.use = Use::cooling;
  lease->second.until = now + settings_.cooldown;
  return lease->second;
}

void Ipam::forget_address(const std::string& pool, const Address& address) {
  const auto found = pools_.find(pool);
  if (found != pools_.end()) found->second.leases.erase(address);
}

std::vector<Lease> Ipam::expire(TimePoint now) {
  std::vector<Lease> over;
  for (auto& [id, state] : pools_) {
    for (auto lease = state.leases.begin(); lease != state.leases.end();) {
      if (lease->second.use == Use::cooling && lease->second.until <= now) {
        over.push_back(lease->second);
        lease = state.leases.erase(lease);
      } else {
        ++lease;
      }
    }
  }
  return over;
}

std::optional<Pool> Ipam::find_pool(const std::string& id) const {
  const auto found = pools_.find(id);
  if (found == pools_.end()) return std::nullopt;
  return found->second.pool;
}

std::vector<Pool> Ipam::pools() const {
  std::vector<Pool> all;
  all.reserve(pools_.size());
  for (const auto& [id, state] : pools_) all.push_back(state.pool);
  return all;
}

std::vector<Lease> Ipam::leases(const std::string& pool) const {
  std::vector<Lease> all;
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return all;
  all.reserve(found->second.leases.size());
  for (const auto& [address, lease] : found->second.leases) all.push_back(lease);
  return all;
}

std::vector<PoolUse> Ipam::usage() const {
  std::vector<PoolUse> all;
  all.reserve(pools_.size());
  for (const auto& [id, state] : pools_) {
    // A range limits what is chosen, not what can be had by address; another host's block does.
    const Pool& pool = state.pool;
    const std::span whole(&pool.prefix, 1);
    all.push_back(use_of(pool, pool.shared.empty() ? whole : areas(pool), state.leases));
  }
  return all;
}

}  // namespace fairlead::ipam
