// What the engine asks of the kernel's packet programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/network.h"

namespace fairlead::datapath {

struct EndpointDevice {
  std::string name;  // host-side device
  int index = 0;
};

// Published ports, and who may reach them.
struct PublishedPort {
  PortBinding binding;
  SourceRules sources;
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

// A host of the cluster, as the programs know it. Numbers are the daemon's own, from 1, and stable
// while anything refers to them.
using PeerId = std::uint32_t;

// The kernel's bare vxlan device, which takes what programs must not decapsulate.
struct Tunnel {
  int device = 0;          // ifindex; 0: none, this host is in no cluster
  std::uint16_t port = 0;  // UDP, host byte order

  bool operator==(const Tunnel&) const = default;
};

// One resolved next hop to a peer.
struct NextHop {
  int device = 0;  // ifindex of the uplink
  Mac source;      // the uplink's
  Mac destination;
  std::uint32_t mtu = 0;  // of the route or else the device, bytes of an IP packet

  bool operator==(const NextHop&) const = default;
};

struct Peer {
  PeerId number = 0;
  std::vector<Address> vteps;  // what it may send from
  Address remote;              // where tunnel packets go
  Address local;               // what they come from; same family as `remote`
  std::vector<NextHop> hops;   // empty: not resolved, by the vxlan device

  bool operator==(const Peer&) const = default;
};

struct RemoteEndpoint {
  NetworkId network = 0;
  PeerId peer = 0;
  std::optional<Address> v4;
  std::optional<Address> v6;  // its link-local address is made from the MAC
  Mac mac;

  bool operator==(const RemoteEndpoint&) const = default;
};

struct Membership {
  NetworkId network = 0;
  PeerId peer = 0;

  auto operator<=>(const Membership&) const = default;
};

// One look at all translated flows.
struct FlowReport {
  std::uint64_t flows = 0;  // that are left
  std::uint64_t expired = 0;
  std::uint64_t stale = 0;  // their port, address or container is gone
};

struct FlowCount {
  std::uint32_t flows = 0;
  std::uint32_t half_open = 0;
};

// What the underlay said of the way to a peer.
struct PathMtu {
  PeerId peer = 0;
  std::uint32_t mtu = 0;  // bytes of an outer IP packet
  std::chrono::nanoseconds age{0};
};

struct Facts {
  std::string attach_mode;   // "tcx" or "clsact"
  std::string socket_hooks;  // "on", or why not
  std::string shortcut;      // "on", or why not; "" if no network asks for it
  std::string rates;         // what becomes of packets that come in too fast; "" without a limit
  std::vector<std::string> uplinks;
  std::vector<std::string> problems;         // uplinks that could not be attached, and why
  std::map<std::string, std::string> decap;  // uplink -> "tc" or "xdp"
};

// Engine thread only. Everything is idempotent: putting again replaces, erasing what is gone
// succeeds. State is pinned and outlives the object; destroying it changes no packet's way.
class Datapath {
 public:
  virtual ~Datapath() = default;

  virtual Status put_network(const Network& network) = 0;
  // With all that is in it, other hosts' endpoints and memberships too.
  virtual Status erase_network(NetworkId id) = 0;

  // Maps first, then the program: a packet never meets a half-made endpoint. Attaches if it is not
  // attached.
  virtual Status put_endpoint(const Network& network, const Endpoint& endpoint,
                              const EndpointDevice& device) = 0;
  // Is all of put_endpoint() and put_ports() still there? Errors: conflict, with what is not.
  virtual Status check_endpoint(const Network& network, const Endpoint& endpoint,
                                const EndpointDevice& device) = 0;
  // The endpoint that has waited longest gets its program where it costs packets least, which takes
  // the kernel some 10 ms; until then it is where it was attached at once. True: more are waiting.
  virtual Result<bool> settle_next() = 0;
  // Forwarding entries, membership, flows and the program's pin. Works with what is left. The
  // device must be down, or be removed next: without its pin the program goes before the device.
  virtual Status erase_endpoint(const Network& network, const Endpoint& endpoint) = 0;

  // Replaces what the endpoint publishes; flows of ports that are no longer there, or whose source
  // may no longer reach them, end at once.
  virtual Status put_ports(const Network& network, const Endpoint& endpoint, int device_index,
                           const std::vector<PublishedPort>& ports) = 0;
  virtual Status erase_ports(const Endpoint& endpoint, const std::vector<PortBinding>& ports) = 0;

  virtual Status sync_host(const HostView& view) = 0;
  // After the host's routes, rules, neighbours, devices or addresses have changed: translated flows
  // remember their way for a second, and from here on ask for it anew.
  virtual Status forget_ways() = 0;

  // --- other hosts: written by put_, read by programs; see bpf/shared/peer.h

  // Without a device (0) nothing takes packets from the one before any more: remove that first.
  // Uplinks decapsulate, and headers have the port, from here on.
  virtual Status set_tunnel(const Tunnel& tunnel) = 0;
  virtual Status put_peer(const Peer& peer) = 0;
  // With its endpoints and memberships.
  virtual Status erase_peer(PeerId peer) = 0;
  // An address that was another peer's becomes this one's; one of this host stays its own:
  // conflict.
  virtual Status put_remote(const RemoteEndpoint& endpoint) = 0;
  // Only what still leads to that peer with that MAC.
  virtual Status erase_remote(const RemoteEndpoint& endpoint) = 0;
  virtual Status put_member(const Membership& member) = 0;
  virtual Status erase_member(const Membership& member) = 0;
  // After a restart: everything of other hosts that is not among these goes.
  virtual Status retain_remote(const std::vector<Peer>& peers,
                               const std::vector<RemoteEndpoint>& endpoints,
                               const std::vector<Membership>& members) = 0;
  virtual Result<std::vector<PathMtu>> path_mtus() = 0;  // lowered ones only
  virtual Status forget_path_mtu(PeerId peer) = 0;

  // Deletes flows that have timed out, or that lead through what is no longer there. Faster when
  // the table is nearly full.
  virtual Result<FlowReport> collect_flows() = 0;
  // By ifindex of the host-side device.
  virtual Result<std::map<int, FlowCount>> flow_counts() = 0;

  virtual Result<std::vector<Counter>> counters() = 0;
  virtual Result<std::vector<MapInfo>> maps() = 0;
  virtual Facts facts() = 0;

  // Map entries, links and pins that belong to none of these are removed (start, and after a
  // crash). Leaves other hosts' alone.
  virtual Status retain_only(const std::vector<Network>& networks,
                             const std::vector<Endpoint>& endpoints) = 0;
};

}  // namespace fairlead::datapath
