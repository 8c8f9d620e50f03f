#include <algorithm>

#include "ipam/area.h"
#include "ipam/ipam.h"

namespace fairlead::ipam {

namespace {

using Leases = std::map<Address, Lease>;

bool is_free(const Lease& lease, TimePoint now) {
  return lease.use == Use::cooling && lease.until <= now;
}

// Walks the leases, which are in order, until one is missing.
std::optional<Address> lowest_free(const Prefix& pool, const Prefix& area, const Leases& leases,
                                   TimePoint now) {
  Address candidate = area.first();
  auto lease = leases.lower_bound(candidate);
  for (;;) {
    const bool listed = lease != leases.end() && lease->first == candidate;
    const bool taken = listed && !is_free(lease->second, now);
    if (!taken && !is_reserved(pool, candidate)) return candidate;
    if (candidate == area.last()) return std::nullopt;
    if (listed) ++lease;
    candidate = candidate.plus(1);
  }
}

std::optional<Address> lowest_free(const Pool& pool, const Leases& leases, TimePoint now) {
  for (const auto& area : areas(pool)) {
    if (const auto found = lowest_free(pool.prefix, area, leases, now)) return found;
  }
  return std::nullopt;
}

std::string say_exhausted(const Pool& pool) {
  if (pool.shared.empty()) return "pool " + pool.id + " is exhausted";
  const std::string which = "of shared pool " + pool.id;
  if (pool.blocks.empty()) return "this host has no block " + which;
  return "the blocks of this host " + which + " are exhausted";
}

// The first of the chosen-from addresses that will have cooled down; null: none cools.
const Lease* soonest(const Pool& pool, const Leases& leases) {
  const Lease* first = nullptr;
  for (const auto& area : areas(pool)) {
    const auto end = leases.upper_bound(area.last());
    for (auto lease = leases.lower_bound(area.first()); lease != end; ++lease) {
      if (lease->second.use == Use::cooling &&
          (first == nullptr || lease->second.until < first->until))
        first = &lease->second;
    }
  }
  return first;
}

std::unexpected<Error> exhausted(const Pool& pool, const Leases& leases, TimePoint now) {
  const PoolUse use = use_of(pool, areas(pool), leases);
  std::string text = say_exhausted(pool) + ": " + std::to_string(use.used) + " addresses in use";
  if (!pool.shared.empty()) text += ", " + std::to_string(use.lent) + " lent to other hosts";
  text += " and " + std::to_string(use.cooling) + " cooling down after their release";
  if (const Lease* next = soonest(pool, leases)) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(next->until - now);
    text += " (the next is free in " + std::to_string(wait.count()) + " s)";
  }
  return fail(Errc::exhausted, text + "; see 'fairlead ipam'");
}

const char* holder(Use use) {
  if (use == Use::gateway) return "its gateway";
  return use == Use::lent ? "an endpoint of another host" : "an endpoint";
}

Status check_given(const Pool& pool, const Leases& leases, const Address& address) {
  const std::string what = "address " + address.to_string();
  if (!pool.prefix.contains(address)) {
    return fail(Errc::invalid_argument, what + " lies outside pool " + pool.id);
  }
  if (is_reserved(pool.prefix, address)) {
    const char* role = address == pool.prefix.first() ? "network" : "broadcast";
    return fail(Errc::invalid_argument,
                what + " is the " + role + " address of pool " + pool.id + ": choose another");
  }
  const auto lease = leases.find(address);
  if (lease == leases.end() || lease->second.use == Use::cooling) return {};
  return fail(Errc::conflict, what + " of pool " + pool.id + " is in use by " +
                                  holder(lease->second.use) +
                                  " (see 'fairlead ipam'): choose another");
}

}  // namespace

Result<Lease> Ipam::request_address(const std::string& pool, std::optional<Address> address,
                                    Use use, TimePoint now) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) {
    return fail(Errc::not_found,
                "no address pool " + pool + " (see 'fairlead ipam'): create the network again");
  }
  auto& [its, leases] = found->second;
  if (address) {
    if (auto fine = check_given(its, leases, *address); !fine) {
      return std::unexpected(std::move(fine).error());
    }
  } else if (use == Use::lent) {
    return fail(Errc::invalid_argument, "which address of pool " + pool + " to lend was not said");
  } else {
    address = lowest_free(its, leases, now);
    if (!address) return exhausted(its, leases, now);
  }

  const Lease lease{.pool = pool, .address = *address, .use = use, .until = {}, .since = now};
  leases[*address] = lease;
  return lease;
}

Result<Lease> Ipam::reuse_address(const std::string& pool, Use use, TimePoint now) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return fail(Errc::not_found, "no address pool " + pool);
  auto& [its, leases] = found->second;
  const Lease* next = soonest(its, leases);
  if (next == nullptr) return fail(Errc::not_found, "no address of pool " + pool + " cools down");
  const Lease lease{.pool = pool, .address = next->address, .use = use, .until = {}, .since = now};
  leases[lease.address] = lease;
  return lease;
}

}  // namespace fairlead::ipam
