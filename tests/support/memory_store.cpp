#include "tests/support/memory_store.h"

#include <map>
#include <string>
#include <utility>
#include <variant>

namespace fairlead::test {

struct MemoryStore::Rows {
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

MemoryStore::MemoryStore() : rows_(std::make_unique<Rows>()) {}
MemoryStore::~MemoryStore() = default;

Result<store::Snapshot> MemoryStore::load() {
  if (auto failure = take_failure()) return std::unexpected(std::move(*failure));
  store::Snapshot all;
  for (const auto& [key, network] : rows_->networks) all.networks.push_back(network);
  for (const auto& [key, endpoint] : rows_->endpoints) all.endpoints.push_back(endpoint);
  for (const auto& [id, pool] : rows_->pools) all.pools.push_back(pool);
  for (const auto& [key, lease] : rows_->leases) all.leases.push_back(lease);
  for (const auto& [key, setting] : rows_->settings) all.settings.push_back(setting);
  for (const auto& [key, entry] : rows_->cluster) all.cluster.push_back(entry);
  for (const auto& [node, peer] : rows_->peers) all.peers.push_back(peer);
  for (const auto& [port, rules] : rows_->port_rules) all.port_rules.push_back(rules);
  return all;
}

Status MemoryStore::apply(const std::vector<store::Change>& changes) {
  if (auto failure = take_failure()) return std::unexpected(std::move(*failure));
  for (const auto& change : changes) {
    std::visit([this](const auto& each) { rows_->apply(each); }, change);
  }
  ++applied_;
  return {};
}

std::optional<Error> MemoryStore::take_failure() {
  if (fail_in_ < 0 || fail_in_-- > 0) return std::nullopt;
  return Error(Errc::unavailable, "the store was told to fail");
}

}  // namespace fairlead::test
