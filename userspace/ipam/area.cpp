#include "ipam/area.h"

#include <algorithm>
#include <limits>

namespace fairlead::ipam {

namespace {

constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();

// Addresses of `area`, a part of `pool`, that can be handed out: all but the reserved. Saturates.
std::uint64_t assignable(const Prefix& pool, const Prefix& area) {
  const unsigned bits = 128 - area.mapped_length();
  if (bits >= std::numeric_limits<std::uint64_t>::digits) return kMost;
  std::uint64_t count = std::uint64_t{1} << bits;
  for (const auto& end : {pool.first(), pool.last()}) {
    if (area.contains(end) && is_reserved(pool, end)) --count;
  }
  return count;
}

void count(const Lease& lease, PoolUse& use) {
  switch (lease.use) {
    case Use::gateway:
    case Use::endpoint:
      ++use.used;
      return;
    case Use::lent:
      ++use.lent;
      return;
    case Use::cooling:
      ++use.cooling;
      return;
  }
}

}  // namespace

std::span<const Prefix> areas(const Pool& pool) {
  if (!pool.shared.empty()) return pool.blocks;
  return {pool.range ? &*pool.range : &pool.prefix, 1};
}

bool is_reserved(const Prefix& pool, const Address& address) {
  if (pool.first().plus(1) == pool.last()) return false;
  if (address == pool.first()) return true;
  return pool.family() == Family::v4 && address == pool.last();
}

PoolUse use_of(const Pool& pool, std::span<const Prefix> within,
               const std::map<Address, Lease>& leases) {
  PoolUse use{.pool = pool};
  for (const auto& area : within) {
    use.size += std::min(assignable(pool.prefix, area), kMost - use.size);
    const auto end = leases.upper_bound(area.last());
    for (auto lease = leases.lower_bound(area.first()); lease != end; ++lease) {
      count(lease->second, use);
    }
  }
  return use;
}

}  // namespace fairlead::ipam
