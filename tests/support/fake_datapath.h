// A data path that remembers what it was told and moves no packet.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "datapath/datapath.h"

namespace fairlead::test {

class FakeDatapath final : public datapath::Datapath {
 public:
  Status put_network(const Network& network) override {
    if (auto refused = refuse("put_network"); !refused) return refused;
    networks[network.id] = network;
    return {};
  }
  Status erase_network(NetworkId id) override {
    networks.erase(id);
    return {};
  }
  Status put_endpoint(const Network&, const Endpoint& endpoint,
                      const datapath::EndpointDevice& device) override {
    if (auto refused = refuse("put_endpoint"); !refused) return refused;
    endpoints[endpoint.key] = device.index;
    return {};
  }
  Status erase_endpoint(const Network&, const Endpoint& endpoint) override {
    endpoints.erase(endpoint.key);
    return refuse("erase_endpoint");
  }
  Status put_ports(const Network&, const Endpoint& endpoint, int,
                   const std::vector<PortBinding>& wanted) override {
    if (auto refused = refuse("put_ports"); !refused) return refused;
    ports[endpoint.key] = wanted;
    return {};
  }
  Status erase_ports(const Endpoint& endpoint, const std::vector<PortBinding>&) override {
    ports.erase(endpoint.key);
    return {};
  }
  Status sync_host(const datapath::HostView& seen) override {
    view = seen;
    return {};
  }
  Result<std::uint64_t> expire_flows() override { return 0; }
  Result<std::vector<datapath::Counter>> counters() override { return all_counters; }
  Result<std::vector<datapath::MapInfo>> maps() override {
    return std::vector<datapath::MapInfo>();
  }
  datapath::Facts facts() override { return {}; }
  Status retain_only(const std::vector<Network>& kept_networks,
                     const std::vector<Endpoint>& kept_endpoints) override {
    retained_networks = kept_networks.size();
    retained_endpoints = kept_endpoints.size();
    return {};
  }

  // The next call of this name fails.
  void refuse_next(const std::string& call) { refused_.insert(call); }

  std::map<NetworkId, Network> networks;
  std::map<std::string, int> endpoints;  // Endpoint::key -> ifindex
  std::map<std::string, std::vector<PortBinding>> ports;
  datapath::HostView view;
  std::vector<datapath::Counter> all_counters;
  std::size_t retained_networks = 0;
  std::size_t retained_endpoints = 0;

 private:
  Status refuse(const std::string& call) {
    if (refused_.erase(call) == 0) return {};
    return fail(Errc::unavailable, call + ": no");
  }

  std::set<std::string> refused_;
};

}  // namespace fairlead::test
