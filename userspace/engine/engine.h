// What the verbs of this folder share. Plain data: each verb is a function of its own file.
//
// Engine thread only (base/work_queue.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "engine/attachment_key.h"
#include "engine/host_ports.h"
#include "engine/membership.h"
#include "engine/peer_state.h"
#include "ipam/ipam.h"
#include "model/network.h"
#include "model/sources.h"
#include "netlink/links.h"
#include "relay/relay.h"
#include "store/store.h"

namespace fairlead::engine {

struct Settings {
  std::string host_device = "fl_host";
  std::string host_device_peer = "fl_peer";
  std::vector<std::string> uplinks;       // device names; empty: found by looking (select_uplinks)
  std::uint32_t default_mtu = 0;          // bytes; 0: the smallest of the uplinks, 1500 without one
  std::chrono::seconds orphan_grace{60};  // how long a pool may stand without a network

  // Who may reach published ports of which nothing else is said; absent: everyone.
  std::optional<std::vector<Prefix>> publish_allow;
  bool host_rules = false;  // as datapath::Options, for people

  std::string tunnel_device = "fl_vxlan";
  std::string headroom_device = "fl_room";
  ipam::Settings pools;  // where the cluster's pools are cut from, too
  std::string version;   // of this daemon, for the other hosts
  DetachedNotes detached;
  // Connects to a cluster's store; lazily, so that a store that is away is no error.
  std::function<Result<std::unique_ptr<etcd::Client>>(const cluster::Settings&)> connect;
  std::function<void(cluster::News)> on_news;  // from the agent's thread: post apply_news()
  std::function<void()> on_mirror;             // mirror_plan() may have something to do; any thread
};

// What a network holds besides its model.
struct State {
  std::map<std::string, Network> networks;    // by Network::key
  std::map<std::string, Endpoint> endpoints;  // by Endpoint::key
  std::map<std::string, int> devices;         // by Endpoint::key: ifindex of the host-side device
  std::map<std::string, std::string> network_names;   // by Network::key; learnt later, may lack
  std::map<std::string, std::string> endpoint_names;  // by Endpoint::key: the container's name
  std::map<std::string, TimePoint> missing_since;     // networks, endpoints, pools nobody claims
  std::map<std::string, TimePoint> idle_since;        // networks of attachments without any
  // Who may reach host ports, published or not: what was said at run time (port_rules.h). Sorted by
  // prefix, never empty.
  std::map<HostPort, std::vector<SourceRules::Rule>> port_rules;
  NetworkId last_network_id = 0;  // ids are not reused soon: flows may still carry an old one
  netlink::HostDevice host_device;
  int headroom = 0;  // netlink::VethRequest::headroom of endpoints that send into tunnels
  datapath::HostView host_view;
  TimePoint started{};
  std::vector<std::string> warnings;  // what reconcile could not repair; for people

  // --- other hosts; empty without a cluster
  Underlay underlay;                                        // this host's own end
  std::map<std::string, PeerState> peers;                   // by node
  std::map<std::string, datapath::PeerId> peer_numbers;     // by node; also of hosts not seen now
  std::map<std::string, datapath::RemoteEndpoint> remotes;  // by the cluster's key: in the maps
  std::map<std::string, datapath::Membership> memberships;  // by the cluster's key: in the maps
  std::map<std::string, std::string> shared_problems;       // by subject; shown until they are over
};

struct Engine {
  Settings settings;
  ipam::Ipam& ipam;
  netlink::Links& links;
  datapath::Datapath& datapath;
  store::Store& store;
  HostPorts& host_ports;
  const Clock& clock;
  State state;
  std::unique_ptr<Membership> cluster = nullptr;  // this host is in no cluster
  relay::Relay* relay = nullptr;                  // local clients that hooks do not serve: nobody
};

}  // namespace fairlead::engine
