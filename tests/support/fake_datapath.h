// A data path that remembers what it was told and moves no packet.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "datapath/datapath.h"

namespace fairlead::test {

class FakeDatapath final : public datapath::Datapath {
 public:
  FakeDatapath();
  ~FakeDatapath() override;
  FakeDatapath(const FakeDatapath&) = delete;
  FakeDatapath& operator=(const FakeDatapath&) = delete;

  Status put_network(const Network& network) override;
  Status erase_network(NetworkId id) override;
  Status put_endpoint(const Network&, const Endpoint& endpoint,
                      const datapath::EndpointDevice& device) override;
  Status check_endpoint(const Network&, const Endpoint& endpoint,
                        const datapath::EndpointDevice& device) override;
  Result<bool> settle_next() override;
  Status erase_endpoint(const Network&, const Endpoint& endpoint) override;
  Status put_ports(const Network&, const Endpoint& endpoint, int,
                   const std::vector<datapath::PublishedPort>& wanted) override;
  Status erase_ports(const Endpoint& endpoint, const std::vector<PortBinding>&) override;
  Status sync_host(const datapath::HostView& seen) override;
  Status forget_ways() override;

  Status set_tunnel(const datapath::Tunnel& wanted) override;
  Status put_peer(const datapath::Peer& peer) override;
  Status erase_peer(datapath::PeerId peer) override;
  Status put_remote(const datapath::RemoteEndpoint& endpoint) override;
  Status erase_remote(const datapath::RemoteEndpoint& endpoint) override;
  Status put_member(const datapath::Membership& member) override;
  Status erase_member(const datapath::Membership& member) override;
  Status retain_remote(const std::vector<datapath::Peer>& kept_peers,
                       const std::vector<datapath::RemoteEndpoint>& kept_endpoints,
                       const std::vector<datapath::Membership>& kept_members) override;
  Result<std::vector<datapath::PathMtu>> path_mtus() override;
  Status forget_path_mtu(datapath::PeerId peer) override;

  Result<datapath::FlowReport> collect_flows() override;
  Result<std::map<int, datapath::FlowCount>> flow_counts() override;
  Result<std::vector<datapath::Counter>> counters() override;
  Result<std::vector<datapath::MapInfo>> maps() override;
  datapath::Facts facts() override;
  Status retain_only(const std::vector<Network>& kept_networks,
                     const std::vector<Endpoint>& kept_endpoints) override;

  // The next call of this name fails.
  void refuse_next(const std::string& call);

  std::map<NetworkId, Network> networks;
  std::map<std::string, int> endpoints;  // Endpoint::key -> ifindex
  int unsettled = 0;                     // endpoints that settle_next() is for
  std::map<std::string, std::vector<PortBinding>> ports;
  std::map<std::string, std::vector<datapath::PublishedPort>> published;  // the same, with rules
  datapath::HostView view;
  int ways_forgotten = 0;
  std::map<int, datapath::FlowCount> flows;  // set by the test; by ifindex
  std::vector<datapath::Counter> all_counters;

  // An address of a shared network, and the endpoint of another host that has it.
  using RemoteKey = std::pair<NetworkId, Address>;
  datapath::Tunnel tunnel;
  std::map<datapath::PeerId, datapath::Peer> peers;
  std::map<RemoteKey, datapath::RemoteEndpoint> remotes;
  std::set<datapath::Membership> members;
  std::map<datapath::PeerId, datapath::PathMtu> lowered;  // set by the test
  std::size_t remote_retained = 0;                        // how often retain_remote() was called
  datapath::Facts known_facts;                            // set by the test

  std::size_t retained_networks = 0;
  std::size_t retained_endpoints = 0;

 private:
  Status refuse(const std::string& call);

  std::set<std::string> refused_;
};

}  // namespace fairlead::test
