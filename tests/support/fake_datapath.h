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
  Result<bool> settle_next() override {
    if (auto refused = refuse("settle_next"); !refused)
      return std::unexpected(std::move(refused).error());
    if (unsettled > 0) --unsettled;
    return unsettled > 0;
  }
  Status erase_endpoint(const Network&, const Endpoint& endpoint) override {
    endpoints.erase(endpoint.key);
    return refuse("erase_endpoint");
  }
  Status put_ports(const Network&, const Endpoint& endpoint, int,
                   const std::vector<datapath::PublishedPort>& wanted) override {
    if (auto refused = refuse("put_ports"); !refused) return refused;
    published[endpoint.key] = wanted;
    ports[endpoint.key].clear();
    for (const auto& port : wanted) ports[endpoint.key].push_back(port.binding);
    return {};
  }
  Status erase_ports(const Endpoint& endpoint, const std::vector<PortBinding>&) override {
    ports.erase(endpoint.key);
    published.erase(endpoint.key);
    return {};
  }
  Status sync_host(const datapath::HostView& seen) override {
    view = seen;
    return {};
  }
  Status forget_ways() override {
    ++ways_forgotten;
    return refuse("forget_ways");
  }

  Status set_tunnel(const datapath::Tunnel& wanted) override {
    if (auto refused = refuse("set_tunnel"); !refused) return refused;
    tunnel = wanted;
    return {};
  }
  Status put_peer(const datapath::Peer& peer) override {
    if (auto refused = refuse("put_peer"); !refused) return refused;
    peers[peer.number] = peer;
    return {};
  }
  Status erase_peer(datapath::PeerId peer) override {
    if (auto refused = refuse("erase_peer"); !refused) return refused;
    peers.erase(peer);
    std::erase_if(remotes, [&](const auto& entry) { return entry.second.peer == peer; });
    std::erase_if(members, [&](const auto& member) { return member.peer == peer; });
    lowered.erase(peer);
    return {};
  }
  Status put_remote(const datapath::RemoteEndpoint& endpoint) override {
    if (auto refused = refuse("put_remote"); !refused) return refused;
    for_addresses(endpoint, [&](const RemoteKey& key) { remotes[key] = endpoint; });
    return {};
  }
  Status erase_remote(const datapath::RemoteEndpoint& endpoint) override {
    if (auto refused = refuse("erase_remote"); !refused) return refused;
    for_addresses(endpoint, [&](const RemoteKey& key) {
      if (const auto found = remotes.find(key); found != remotes.end() &&
                                                found->second.peer == endpoint.peer &&
                                                found->second.mac == endpoint.mac)
        remotes.erase(found);
    });
    return {};
  }
  Status put_member(const datapath::Membership& member) override {
    if (auto refused = refuse("put_member"); !refused) return refused;
    members.insert(member);
    return {};
  }
  Status erase_member(const datapath::Membership& member) override {
    if (auto refused = refuse("erase_member"); !refused) return refused;
    members.erase(member);
    return {};
  }
  Status retain_remote(const std::vector<datapath::Peer>& kept_peers,
                       const std::vector<datapath::RemoteEndpoint>& kept_endpoints,
                       const std::vector<datapath::Membership>& kept_members) override {
    if (auto refused = refuse("retain_remote"); !refused) return refused;
    ++remote_retained;
    std::set<datapath::PeerId> numbers;
    for (const datapath::Peer& peer : kept_peers) numbers.insert(peer.number);
    std::map<RemoteKey, datapath::PeerId> addresses;
    for (const datapath::RemoteEndpoint& kept : kept_endpoints)
      for_addresses(kept, [&](const RemoteKey& key) { addresses[key] = kept.peer; });
    const std::set<datapath::Membership> memberships(kept_members.begin(), kept_members.end());
    std::erase_if(peers, [&](const auto& entry) { return !numbers.contains(entry.first); });
    std::erase_if(lowered, [&](const auto& entry) { return !numbers.contains(entry.first); });
    std::erase_if(members, [&](const auto& member) { return !memberships.contains(member); });
    std::erase_if(remotes, [&](const auto& entry) {
      const auto kept = addresses.find(entry.first);
      return kept == addresses.end() || kept->second != entry.second.peer;
    });
    return {};
  }
  Result<std::vector<datapath::PathMtu>> path_mtus() override {
    std::vector<datapath::PathMtu> known;
    for (const auto& [peer, path] : lowered)
      if (peers.contains(peer)) known.push_back(path);
    return known;
  }
  Status forget_path_mtu(datapath::PeerId peer) override {
    lowered.erase(peer);
    return {};
  }

  Result<datapath::FlowReport> collect_flows() override { return datapath::FlowReport{}; }
  Result<std::map<int, datapath::FlowCount>> flow_counts() override { return flows; }
  Result<std::vector<datapath::Counter>> counters() override { return all_counters; }
  Result<std::vector<datapath::MapInfo>> maps() override {
    return std::vector<datapath::MapInfo>();
  }
  datapath::Facts facts() override { return known_facts; }
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
  // IPv4 and IPv6; the link-local one is the real data path's own affair.
  template <typename Each>
  static void for_addresses(const datapath::RemoteEndpoint& endpoint, Each each) {
    if (endpoint.v4) each(RemoteKey(endpoint.network, *endpoint.v4));
    if (endpoint.v6) each(RemoteKey(endpoint.network, *endpoint.v6));
  }

  Status refuse(const std::string& call) {
    if (refused_.erase(call) == 0) return {};
    return fail(Errc::unavailable, call + ": no");
  }

  std::set<std::string> refused_;
};

}  // namespace fairlead::test
