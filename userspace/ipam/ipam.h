// Pools of addresses and who holds them.
//
// Pure bookkeeping: no store, no kernel; the caller passes the time and the prefixes that
// are taken elsewhere. Engine thread only. Every change is returned as rows, so that the
// caller can persist it before it answers, and undo it when it cannot.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "model/address.h"

namespace fairlead::ipam {

enum class Use : std::uint8_t {
  gateway,
  endpoint,
  lent,     // of a block of this host, to an endpoint of another host
  cooling,  // released; not handed out again before `until`, unless asked for by address
};

struct Pool {
  std::string id;     // "local/10.1.0.0/24" or "local/10.1.0.0/24/10.1.0.128/25"
  std::string space;  // Docker's address space
  Prefix prefix;
  std::optional<Prefix> range;  // --ip-range: where addresses are chosen from
  TimePoint created{};
  std::string shared;          // the cluster's id of it; empty: this host's alone
  std::vector<Prefix> blocks;  // of a shared pool: where this host chooses addresses from

  bool operator==(const Pool&) const = default;
};

// One address of a pool that is not free.
struct Lease {
  std::string pool;  // Pool::id
  Address address;
  Use use = Use::endpoint;
  TimePoint until{};  // of cooling only
  TimePoint since{};  // when it was taken

  bool operator==(const Lease&) const = default;
};

struct PoolRequest {
  std::string space;
  std::optional<Prefix> prefix;  // absent: choose one
  std::optional<Prefix> range;
  Family family = Family::v4;
};

struct Settings {
  // Where chosen pools are cut from, in this order; subnets of `cut` bits.
  struct Range {
    Prefix prefix;
    unsigned cut = 24;
  };
  std::vector<Range> ranges_v4;
  std::vector<Range> ranges_v6;
  std::chrono::seconds cooldown{60};
};

struct PoolUse {
  Pool pool;
  // Of a shared pool, all of these count what lies in this host's blocks.
  std::uint64_t size = 0;  // assignable addresses; saturates
  std::uint64_t used = 0;  // gateway and endpoint
  std::uint64_t lent = 0;
  std::uint64_t cooling = 0;
};

class Ipam {
 public:
  explicit Ipam(Settings settings) : settings_(std::move(settings)) {}

  // From the store, at start.
  void restore(const std::vector<Pool>& pools, const std::vector<Lease>& leases);

  // `taken`: prefixes that must not be overlapped by a chosen pool (the host's routes, networks
  // that other IPAM drivers made); default routes in it are ignored. A chosen pool differs from
  // those chosen in the last minute even if they were released: libnetwork keeps the ones it
  // dislikes and asks again, and must not be given the same one. Only when nothing else is left
  // is a released one chosen again.
  // Errors: invalid_argument (range outside prefix, host bits set, too small, loopback or
  // multicast; a space that is no name), conflict (an explicit prefix overlaps another pool of
  // the space; the message names it), exhausted (names the ranges and says how to widen them).
  Result<Pool> request_pool(const PoolRequest& want, const std::vector<Prefix>& taken,
                            TimePoint now);

  // What a shared pool is to the cluster, and the blocks of it that this host owns. Returns the
  // pool; nullopt if there is none.
  std::optional<Pool> set_shared(const std::string& id, const std::string& shared,
                                 std::vector<Prefix> blocks);

  // Unknown: success, nothing. Returns the pool that was removed.
  std::optional<Pool> release_pool(const std::string& id);

  // `address` absent: the lowest free one of the range, or of the pool without one; of a shared
  // pool, of the first block that has one; never the network address, an IPv4 broadcast address,
  // nor one that is cooling. Given: anywhere in the pool, whoever's block it is in: the caller
  // decides who may; cooling is no obstacle. To be lent, it must be given. A gateway is asked for
  // first, so by default it is the first address of the range or pool, as with Docker's own IPAM.
  // Errors: not_found (no such pool), invalid_argument (outside; network or broadcast address;
  // none given to be lent), conflict (in use; the message says by what), exhausted (which pool, how
  // many in use, lent and cooling, "see 'fairlead ipam'").
  Result<Lease> request_address(const std::string& pool, std::optional<Address> address, Use use,
                                TimePoint now);

  // When all else is exhausted: the address that has cooled down longest. Errors: not_found (no
  // such pool, or none is cooling).
  Result<Lease> reuse_address(const std::string& pool, Use use, TimePoint now);

  // Unknown pool or address, or cooling already: nullopt, success. Otherwise the address, lent ones
  // too, cools down; returns the new lease.
  std::optional<Lease> release_address(const std::string& pool, const Address& address,
                                       TimePoint now);

  // Takes back a request_address() that could not be persisted: no cool-down.
  void forget_address(const std::string& pool, const Address& address);

  // Leases whose cool-down is over; they are free from now on.
  std::vector<Lease> expire(TimePoint now);

  std::optional<Pool> find_pool(const std::string& id) const;
  std::vector<Pool> pools() const;
  std::vector<Lease> leases(const std::string& pool) const;
  std::vector<PoolUse> usage() const;

 private:
  struct State {
    Pool pool;
    std::map<Address, Lease> leases;
  };

  Result<Prefix> choose(Family family, const std::vector<Prefix>& taken, TimePoint now);

  Settings settings_;
  std::map<std::string, State> pools_;
  std::map<Prefix, TimePoint> recently_chosen_;
};

}  // namespace fairlead::ipam
