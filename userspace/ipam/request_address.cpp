#include <algorithm>

#include "ipam/ipam.h"

namespace fairlead::ipam {

namespace {

using Leases = std::map<Address, Lease>;

// Addresses that name the subnet itself. A subnet of two addresses has none: RFC 3021 for IPv4,
// RFC 6164 for IPv6, where a larger one keeps its first for the subnet-router anycast (RFC 4291).
bool is_reserved(const Prefix& pool, const Address& address) {
  if (pool.first().plus(1) == pool.last()) return false;
  if (address == pool.first()) return true;
  return pool.family() == Family::v4 && address == pool.last();
}

bool is_free(const Lease& lease, TimePoint now) {
  return lease.use == Use::cooling && lease.until <= now;
}

const Prefix& chosen_from(const Pool& pool) { return pool.range ? *pool.range : pool.prefix; }

// Walks the leases, which are in order, until one is missing.
std::optional<Address> lowest_free(const Pool& pool, const Leases& leases, TimePoint now) {
  const Prefix area = chosen_from(pool);
  Address candidate = area.first();
  auto lease = leases.lower_bound(candidate);
  for (;;) {
    const bool listed = lease != leases.end() && lease->first == candidate;
    const bool taken = listed && !is_free(lease->second, now);
    if (!taken && !is_reserved(pool.prefix, candidate)) return candidate;
    if (candidate == area.last()) return std::nullopt;
    if (listed) ++lease;
    candidate = candidate.plus(1);
  }
}

std::unexpected<Error> exhausted(const Pool& pool, const Leases& leases, TimePoint now) {
  const Prefix area = chosen_from(pool);
  std::uint64_t used = 0;
  std::uint64_t cooling = 0;
  auto soonest = TimePoint::max();
  for (const auto& [address, lease] : leases) {
    if (!area.contains(address)) continue;
    ++(lease.use == Use::cooling ? cooling : used);
    if (lease.use == Use::cooling) soonest = std::min(soonest, lease.until);
  }
  std::string text = "pool " + pool.id + " is exhausted: " + std::to_string(used) +
                     " addresses in use and " + std::to_string(cooling) +
                     " cooling down after their release";
  if (cooling > 0) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(soonest - now);
    text += " (the next is free in " + std::to_string(wait.count()) + " s)";
  }
  return fail(Errc::exhausted, text + "; see 'fairlead ipam'");
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
  const char* holder = lease->second.use == Use::gateway ? "its gateway" : "an endpoint";
  return fail(Errc::conflict, what + " of pool " + pool.id + " is in use by " + holder +
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
  } else {
    address = lowest_free(its, leases, now);
    if (!address) return exhausted(its, leases, now);
  }

  const Lease lease{.pool = pool, .address = *address, .use = use, .until = {}, .since = now};
  leases[*address] = lease;
  return lease;
}

}  // namespace fairlead::ipam
