#include "ipam/ipam.h"

#include <limits>

namespace fairlead::ipam {

namespace {

// Addresses that can be handed out: all but those is_reserved() knows. Saturates.
std::uint64_t assignable(const Prefix& pool) {
  const unsigned bits = (pool.family() == Family::v4 ? 32 : 128) - pool.length();
  if (bits >= std::numeric_limits<std::uint64_t>::digits) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  const std::uint64_t all = std::uint64_t{1} << bits;
  if (bits <= 1) return all;
  return pool.family() == Family::v4 ? all - 2 : all - 1;
}

}  // namespace

void Ipam::restore(const std::vector<Pool>& pools, const std::vector<Lease>& leases) {
  pools_.clear();
  recently_chosen_.clear();
  for (const auto& pool : pools) pools_[pool.id].pool = pool;
  for (const auto& lease : leases) {
    const auto found = pools_.find(lease.pool);
    if (found != pools_.end()) found->second.leases[lease.address] = lease;
  }
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
    PoolUse use{.pool = state.pool, .size = assignable(state.pool.prefix)};
    for (const auto& [address, lease] : state.leases) {
      ++(lease.use == Use::cooling ? use.cooling : use.used);
    }
    all.push_back(std::move(use));
  }
  return all;
}

}  // namespace fairlead::ipam
