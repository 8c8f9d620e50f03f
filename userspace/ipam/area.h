// Which addresses of a pool can be chosen.
#pragma once

#include <map>
#include <span>

#include "ipam/ipam.h"

namespace fairlead::ipam {

// Where this host chooses addresses from, in this order: its blocks of a shared pool, else the
// range, else the whole pool. Points into `pool`.
std::span<const Prefix> areas(const Pool& pool);

// An address that names the subnet itself. A subnet of two addresses has none: RFC 3021 for IPv4,
// RFC 6164 for IPv6, where a larger one keeps its first for the subnet-router anycast (RFC 4291).
bool is_reserved(const Prefix& pool, const Address& address);

// What there is and how it is used in some parts of the pool. The size saturates.
PoolUse use_of(const Pool& pool, std::span<const Prefix> within,
               const std::map<Address, Lease>& leases);

}  // namespace fairlead::ipam
