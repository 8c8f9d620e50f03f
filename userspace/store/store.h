// What a host remembers: networks, endpoints with their ports, pools and leases; and its cluster.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "ipam/ipam.h"
#include "model/network.h"
#include "model/sources.h"

namespace fairlead::store {

// A word that the daemon keeps over restarts: "cluster.uuid".
struct Setting {
  std::string key;
  std::string value;

  bool operator==(const Setting&) const = default;
};

// One key of the cluster's store as this host last saw it, so that it can start while the store is
// away.
struct ClusterEntry {
  std::string key;
  std::string value;
  std::int64_t created = 0;  // revisions
  std::int64_t modified = 0;

  bool operator==(const ClusterEntry&) const = default;
};

// What the data path calls another host; kept, because pinned maps say it.
struct PeerNumber {
  std::string node;
  std::uint32_t number = 0;  // from 1; two hosts never have the same

  bool operator==(const PeerNumber&) const = default;
};

// What people said at run time of who may reach a host port.
struct PortRules {
  HostPort port;
  std::vector<SourceRules::Rule> rules;  // sorted, one a prefix, at least one

  bool operator==(const PortRules&) const = default;
};

struct Snapshot {
  std::vector<Network> networks;
  std::vector<Endpoint> endpoints;
  std::vector<ipam::Pool> pools;
  std::vector<ipam::Lease> leases;
  std::vector<Setting> settings;
  std::vector<ClusterEntry> cluster;
  std::vector<PeerNumber> peers;
  std::vector<PortRules> port_rules;
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
struct EraseSetting {
  std::string key;
};
struct EraseClusterEntry {
  std::string key;
};
struct EraseCluster {};  // every ClusterEntry
struct ErasePeerNumber {
  std::string node;
};
struct ErasePortRules {
  HostPort port;
};

// Putting replaces what has the same key; erasing what is not there succeeds.
using Change =
    std::variant<Network, Endpoint, ipam::Pool, ipam::Lease, EraseNetwork, EraseEndpoint, ErasePool,
                 EraseLease, Setting, EraseSetting, ClusterEntry, EraseClusterEntry, EraseCluster,
                 PeerNumber, ErasePeerNumber, PortRules, ErasePortRules>;

// Engine thread only.
class Store {
 public:
  virtual ~Store() = default;

  virtual Result<Snapshot> load() = 0;

  // All or nothing. When it returns, the change outlives this process however that ends; networks,
  // pools and settings outlive a power cut too.
  virtual Status apply(const std::vector<Change>& changes) = 0;
};

}  // namespace fairlead::store
