// What the verbs of this folder share. Plain data: each verb is a function of its own file.
//
// Engine thread only (base/work_queue.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "engine/host_ports.h"
#include "ipam/ipam.h"
#include "model/network.h"
#include "netlink/links.h"
#include "store/store.h"

namespace fairlead::engine {

struct Settings {
  std::string host_device = "fl_host";
  std::string host_device_peer = "fl_peer";
  std::vector<std::string> uplinks;       // device names; empty: found by looking (select_uplinks)
  std::uint32_t default_mtu = 0;          // bytes; 0: the smallest of the uplinks, 1500 without one
  std::chrono::seconds orphan_grace{60};  // how long a pool may stand without a network
};

// What a network holds besides its model.
struct State {
  std::map<std::string, Network> networks;    // by Network::key
  std::map<std::string, Endpoint> endpoints;  // by Endpoint::key
  std::map<std::string, int> devices;         // by Endpoint::key: ifindex of the host-side device
  std::map<std::string, std::string> network_names;   // by Network::key; learnt later, may lack
  std::map<std::string, std::string> endpoint_names;  // by Endpoint::key: the container's name
  std::map<std::string, TimePoint> missing_since;     // networks, endpoints, pools nobody claims
  NetworkId last_network_id = 0;  // ids are not reused soon: flows may still carry an old one
  netlink::HostDevice host_device;
  datapath::HostView host_view;
  TimePoint started{};
  std::vector<std::string> warnings;  // what reconcile could not repair; for people
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
};

}  // namespace fairlead::engine
