// What the engine asks of the kernel's packet programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/network.h"

namespace fairlead::datapath {

struct EndpointDevice {
  std::string name;  // host-side device
  int index = 0;
};

struct Uplink {
  std::string name;
  int index = 0;
  std::uint32_t mtu = 0;
  Address v4;  // masquerade source; :: if none
  Address v6;
  bool masquerade = true;  // new flows of containers may leave here
};

// The host's own addresses and the devices that lead outside.
struct HostView {
  struct Local {
    Address address;
    int link = 0;
  };
  std::vector<Local> local;
  std::vector<Uplink> uplinks;
};

struct Counter {
  NetworkId network = 0;     // 0: not known, and for everything that was forwarded
  std::uint32_t reason = 0;  // enum fl_reason
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

struct MapInfo {
  std::string name;
  std::string pin;
  std::uint64_t capacity = 0;
  std::uint64_t used = 0;  // 0 where counting is meaningless (arrays)
};

struct Facts {
  std::string attach_mode;   // "tcx" or "clsact"
  std::string socket_hooks;  // "on", or why not
  std::vector<std::string> uplinks;
  std::vector<std::string> problems;  // uplinks that could not be attached, and why
};

// Engine thread only. Everything is idempotent: putting again replaces, erasing what is gone
// succeeds. State is pinned and outlives the object; destroying it changes no packet's way.
class Datapath {
 public:
  virtual ~Datapath() = default;

  virtual Status put_network(const Network& network) = 0;
  virtual Status erase_network(NetworkId id) = 0;

  // Maps first, then the program: a packet never meets a half-made endpoint. Attaches if it is not
  // attached.
  virtual Status put_endpoint(const Network& network, const Endpoint& endpoint,
                              const EndpointDevice& device) = 0;
  // Forwarding entries, membership, flows and the program's link. Works with what is left.
  virtual Status erase_endpoint(const Network& network, const Endpoint& endpoint) = 0;

  // Replaces what the endpoint publishes; flows of ports that are no longer there end at once.
  virtual Status put_ports(const Network& network, const Endpoint& endpoint, int device_index,
                           const std::vector<PortBinding>& ports) = 0;
  virtual Status erase_ports(const Endpoint& endpoint, const std::vector<PortBinding>& ports) = 0;

  virtual Status sync_host(const HostView& view) = 0;

  // Flows that have timed out are deleted if nothing changed them meanwhile; returns how many.
  virtual Result<std::uint64_t> expire_flows() = 0;

  virtual Result<std::vector<Counter>> counters() = 0;
  virtual Result<std::vector<MapInfo>> maps() = 0;
  virtual Facts facts() = 0;

  // Map entries, links and pins that belong to none of these are removed (start, and after a
  // crash).
  virtual Status retain_only(const std::vector<Network>& networks,
                             const std::vector<Endpoint>& endpoints) = 0;
};

}  // namespace fairlead::datapath
