// What a host remembers: networks, endpoints with their ports, pools and leases.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "ipam/ipam.h"
#include "model/network.h"

namespace fairlead::store {

struct Snapshot {
  std::vector<Network> networks;
  std::vector<Endpoint> endpoints;
  std::vector<ipam::Pool> pools;
  std::vector<ipam::Lease> leases;
};

struct EraseNetwork {
  std::string key;
};
struct EraseEndpoint {
  std::string key;
};
struct ErasePool {
  std::string id;  // its leases go with it
};
struct EraseLease {
  std::string pool;
  Address address;
};

// Putting replaces what has the same key; erasing what is not there succeeds.
using Change = std::variant<Network, Endpoint, ipam::Pool, ipam::Lease, EraseNetwork, EraseEndpoint,
                            ErasePool, EraseLease>;

// Engine thread only.
class Store {
 public:
  virtual ~Store() = default;

  virtual Result<Snapshot> load() = 0;

  // All or nothing. When it returns, the change outlives this process however that ends; networks
  // and pools outlive a power cut too.
  virtual Status apply(const std::vector<Change>& changes) = 0;
};

}  // namespace fairlead::store
