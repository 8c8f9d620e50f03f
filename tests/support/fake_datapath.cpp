#include "tests/support/fake_datapath.h"

namespace fairlead::test {
namespace {

using RemoteKey = FakeDatapath::RemoteKey;

// IPv4 and IPv6; the link-local one is the real data path's own affair.
template <typename Each>
void for_addresses(const datapath::RemoteEndpoint& endpoint, Each each) {
  if (endpoint.v4) each(RemoteKey(endpoint.network, *endpoint.v4));
  if (endpoint.v6) each(RemoteKey(endpoint.network, *endpoint.v6));
}

}  // namespace

FakeDatapath::FakeDatapath() = default;
FakeDatapath::~FakeDatapath() = default;

Status FakeDatapath::put_network(const Network& network) {
  if (auto refused = refuse("put_network"); !refused) return refused;
  networks[network.id] = network;
  return {};
}

Status FakeDatapath::erase_network(NetworkId id) {
  networks.erase(id);
  return {};
}

Status FakeDatapath::put_endpoint(const Network&, const Endpoint& endpoint,
                                  const datapath::EndpointDevice& device) {
  if (auto refused = refuse("put_endpoint"); !refused) return refused;
  endpoints[endpoint.key] = device.index;
  return {};
}

Status FakeDatapath::check_endpoint(const Network&, const Endpoint& endpoint,
                                    const datapath::EndpointDevice& device) {
  if (auto refused = refuse("check_endpoint"); !refused) return refused;
  const auto found = endpoints.find(endpoint.key);
  if (found != endpoints.end() && found->second == device.index) return {};
  return fail(Errc::conflict, "no entry for " + device.name);
}

Result<bool> FakeDatapath::settle_next() {
  if (auto refused = refuse("settle_next"); !refused)
    return std::unexpected(std::move(refused).error());
  if (unsettled > 0) --unsettled;
  return unsettled > 0;
}

Status FakeDatapath::erase_endpoint(const Network&, const Endpoint& endpoint) {
  endpoints.erase(endpoint.key);
  return refuse("erase_endpoint");
}

Status FakeDatapath::put_ports(const Network&, const Endpoint& endpoint, int,
                               const std::vector<datapath::PublishedPort>& wanted) {
  if (auto refused = refuse("put_ports"); !refused) return refused;
  published[endpoint.key] = wanted;
  ports[endpoint.key].clear();
  for (const auto& port : wanted) ports[endpoint.key].push_back(port.binding);
  return {};
}

Status FakeDatapath::erase_ports(const Endpoint& endpoint, const std::vector<PortBinding>&) {
  ports.erase(endpoint.key);
  published.erase(endpoint.key);
  return {};
}

Status FakeDatapath::sync_host(const datapath::HostView& seen) {
  view = seen;
  return {};
}

Status FakeDatapath::forget_ways() {
  ++ways_forgotten;
  return refuse("forget_ways");
}

Status FakeDatapath::set_tunnel(const datapath::Tunnel& wanted) {
  if (auto refused = refuse("set_tunnel"); !refused) return refused;
  tunnel = wanted;
  return {};
}

Status FakeDatapath::put_peer(const datapath::Peer& peer) {
  if (auto refused = refuse("put_peer"); !refused) return refused;
  peers[peer.number] = peer;
  return {};
}

Status FakeDatapath::erase_peer(datapath::PeerId peer) {
  if (auto refused = refuse("erase_peer"); !refused) return refused;
  peers.erase(peer);
  std::erase_if(remotes, [&](const auto& entry) { return entry.second.peer == peer; });
  std::erase_if(members, [&](const auto& member) { return member.peer == peer; });
  lowered.erase(peer);
  return {};
}

Status FakeDatapath::put_remote(const datapath::RemoteEndpoint& endpoint) {
  if (auto refused = refuse("put_remote"); !refused) return refused;
  for_addresses(endpoint, [&](const RemoteKey& key) { remotes[key] = endpoint; });
  return {};
}

Status FakeDatapath::erase_remote(const datapath::RemoteEndpoint& endpoint) {
  if (auto refused = refuse("erase_remote"); !refused) return refused;
  for_addresses(endpoint, [&](const RemoteKey& key) {
    if (const auto found = remotes.find(key); found != remotes.end() &&
                                              found->second.peer == endpoint.peer &&
                                              found->second.mac == endpoint.mac)
      remotes.erase(found);
  });
  return {};
}

Status FakeDatapath::put_member(const datapath::Membership& member) {
  if (auto refused = refuse("put_member"); !refused) return refused;
  members.insert(member);
  return {};
}

Status FakeDatapath::erase_member(const datapath::Membership& member) {
  if (auto refused = refuse("erase_member"); !refused) return refused;
  members.erase(member);
  return {};
}

Status FakeDatapath::retain_remote(const std::vector<datapath::Peer>& kept_peers,
                                   const std::vector<datapath::RemoteEndpoint>& kept_endpoints,
                                   const std::vector<datapath::Membership>& kept_members) {
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

Result<std::vector<datapath::PathMtu>> FakeDatapath::path_mtus() {
  std::vector<datapath::PathMtu> known;
  for (const auto& [peer, path] : lowered)
    if (peers.contains(peer)) known.push_back(path);
  return known;
}

Status FakeDatapath::forget_path_mtu(datapath::PeerId peer) {
  lowered.erase(peer);
  return {};
}

Result<datapath::FlowReport> FakeDatapath::collect_flows() { return datapath::FlowReport{}; }

Result<std::map<int, datapath::FlowCount>> FakeDatapath::flow_counts() { return flows; }

Result<std::vector<datapath::Counter>> FakeDatapath::counters() { return all_counters; }

Result<std::vector<datapath::MapInfo>> FakeDatapath::maps() {
  return std::vector<datapath::MapInfo>();
}

datapath::Facts FakeDatapath::facts() { return known_facts; }

Status FakeDatapath::retain_only(const std::vector<Network>& kept_networks,
                                 const std::vector<Endpoint>& kept_endpoints) {
  retained_networks = kept_networks.size();
  retained_endpoints = kept_endpoints.size();
  return {};
}

void FakeDatapath::refuse_next(const std::string& call) { refused_.insert(call); }

Status FakeDatapath::refuse(const std::string& call) {
  if (refused_.erase(call) == 0) return {};
  return fail(Errc::unavailable, call + ": no");
}

}  // namespace fairlead::test
