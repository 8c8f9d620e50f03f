// A store that forgets, for tests of what stands above it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "store/store.h"

namespace fairlead::test {

class MemoryStore final : public store::Store {
 public:
  Result<store::Snapshot> load() override {
    if (auto failure = take_failure()) return std::unexpected(std::move(*failure));
    store::Snapshot all;
    for (const auto& [key, network] : rows_.networks) all.networks.push_back(network);
    for (const auto& [key, endpoint] : rows_.endpoints) all.endpoints.push_back(endpoint);
    for (const auto& [id, pool] : rows_.pools) all.pools.push_back(pool);
    for (const auto& [key, lease] : rows_.leases) all.leases.push_back(lease);
    for (const auto& [key, setting] : rows_.settings) all.settings.push_back(setting);
    for (const auto& [key, entry] : rows_.cluster) all.cluster.push_back(entry);
    for (const auto& [node, peer] : rows_.peers) all.peers.push_back(peer);
    for (const auto& [port, rules] : rows_.port_rules) all.port_rules.push_back(rules);
    return all;
  }

  Status apply(const std::vector<store::Change>& changes) override {
    if (auto failure = take_failure()) return std::unexpected(std::move(*failure));
    for (const auto& change : changes) {
      std::visit([this](const auto& each) { rows_.apply(each); }, change);
    }
    ++applied_;
    return {};
  }

  // The `skip`-th call of load() or apply() from now fails and changes nothing; those after it
  // succeed again.
  void fail_next(int skip = 0) { fail_in_ = skip; }

  int applied() const { return applied_; }  // calls of apply() that succeeded

 private:
  struct Rows {
    void apply(const Network& network) { networks[network.key] = network; }
    void apply(const Endpoint& endpoint) { endpoints[endpoint.key] = endpoint; }
    void apply(const ipam::Pool& pool) { pools[pool.id] = pool; }
    void apply(const ipam::Lease& lease) { leases[{lease.pool, lease.address}] = lease; }
    void apply(const store::Setting& setting) { settings[setting.key] = setting; }
    void apply(const store::ClusterEntry& entry) { cluster[entry.key] = entry; }
    void apply(const store::PeerNumber& peer) { peers[peer.node] = peer; }
    void apply(const store::PortRules& rules) { port_rules[rules.port] = rules; }
    void apply(const store::EraseNetwork& gone) { networks.erase(gone.key); }
    void apply(const store::EraseEndpoint& gone) { endpoints.erase(gone.key); }
    void apply(const store::ErasePool& gone) {
      pools.erase(gone.id);
      std::erase_if(leases, [&gone](const auto& row) { return row.first.first == gone.id; });
    }
    void apply(const store::EraseLease& gone) { leases.erase({gone.pool, gone.address}); }
    void apply(const store::EraseSetting& gone) { settings.erase(gone.key); }
    void apply(const store::EraseClusterEntry& gone) { cluster.erase(gone.key); }
    void apply(const store::EraseCluster&) { cluster.clear(); }
    void apply(const store::ErasePeerNumber& gone) { peers.erase(gone.node); }
    void apply(const store::ErasePortRules& gone) { port_rules.erase(gone.port); }

    std::map<std::string, Network> networks;
    std::map<std::string, Endpoint> endpoints;
    std::map<std::string, ipam::Pool> pools;
    std::map<std::pair<std::string, Address>, ipam::Lease> leases;
    std::map<std::string, store::Setting> settings;
    std::map<std::string, store::ClusterEntry> cluster;
    std::map<std::string, store::PeerNumber> peers;
    std::map<HostPort, store::PortRules> port_rules;
  };

  std::optional<Error> take_failure() {
    if (fail_in_ < 0 || fail_in_-- > 0) return std::nullopt;
    return Error(Errc::unavailable, "the store was told to fail");
  }

  Rows rows_;
  int fail_in_ = -1;
  int applied_ = 0;
};

}  // namespace fairlead::test
