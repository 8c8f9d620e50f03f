// Devices, addresses and routes of the daemon's network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/address.h"
#include "model/network.h"

namespace fairlead::netlink {

struct LinkInfo {
  int index = 0;
  std::string name;
  std::string kind;  // "veth", "bridge", ... ; "" for hardware
  std::uint32_t mtu = 0;
  Mac mac;
  bool up = false;  // IFF_UP
  bool loopback = false;
  bool ethernet = false;  // ARPHRD_ETHER
  int master = 0;         // ifindex of the bridge, bond or vrf it belongs to; 0: none
};

struct AddressInfo {
  int link = 0;
  Prefix address;
  bool global = false;     // RT_SCOPE_UNIVERSE
  bool temporary = false;  // RFC 8981, deprecated or tentative: no good as a lasting source
};

struct RouteInfo {
  Prefix destination;  // ::/0 and 0.0.0.0/0: default
  int link = 0;
  std::optional<Address> gateway{};  // absent: on the link, or of the other family
};

// The way to one address.
struct WayHop {
  int link = 0;
  Address gateway;  // :: or 0.0.0.0 as any(family): the destination itself is on the link
  unsigned weight = 1;

  bool operator==(const WayHop&) const = default;
};

struct Way {
  std::vector<WayHop> hops;       // empty: no route
  std::uint32_t mtu = 0;          // of the route, bytes; 0: the link's
  std::optional<Address> source;  // preferred source of the route
  bool local = false;             // an address of this host

  bool operator==(const Way&) const = default;
};

struct Neighbour {
  int link = 0;
  Address address;
  Mac mac;               // 0 while it is not usable
  bool usable = false;   // NUD_VALID: reachable, stale, delay, probe, permanent, noarp
  bool managed = false;  // kept resolved by the kernel (NTF_EXT_MANAGED)

  bool operator==(const Neighbour&) const = default;
};

struct VethRequest {
  std::string host_name;
  std::string container_name;
  Mac container_mac;
  std::uint32_t mtu = 1500;
  // Of ensure_headroom(): datagrams then have room for a tunnel's header. 0: they need none.
  // A bridge has 1023 ports: to what comes after, the same happens as without room.
  int headroom = 0;
  // Open network namespace in which the container's end is made; -1: this one.
  int sandbox = -1;
};

// The container's end of a pair, in the container's namespace.
struct SandboxRequest {
  std::string device;
  std::vector<Prefix> addresses;
  std::vector<ContainerRoute> routes;
};

struct SandboxView {
  std::optional<LinkInfo> link;  // absent: there is no such device, and nothing else here counts
  std::vector<Prefix> addresses;
  std::vector<ContainerRoute> routes;
};

struct HostDevice {
  int index = 0;
  Mac mac;
};

// Engine thread only. Every call has a deadline of its own and is idempotent: ensure_ succeeds when
// it is so already, remove_ when it is gone.
class Links {
 public:
  virtual ~Links() = default;

  // A veth pair, host end in this namespace and up, IPv6 address generation off on the host end.
  // Returns the ifindex of the host end. If a pair of that name exists it is replaced; what is in
  // a sandbox is not: already_exists.
  virtual Result<int> create_veth(const VethRequest& want) = 0;
  virtual Status remove_link(const std::string& name) = 0;
  // Down when it returns: no packet passes any more. Gone, with its other end, a moment later;
  // until then its name is taken, but create_veth() may have it. No such device is success.
  virtual Status retire_link(int index) = 0;
  // What was retired, by an earlier process too, is gone when it returns.
  virtual Status remove_retired() = 0;

  // Addresses, up, routes; IPv6 off on the device if no address is IPv6. A default route that is
  // there already stays the better one. `sandbox`: open network namespace. Errors:
  // invalid_argument (it is none, or this one).
  virtual Status configure(int sandbox, const SandboxRequest& want) = 0;
  virtual Result<SandboxView> look_into(int sandbox, const std::string& device) = 0;

  // fl_host: the end of a veth pair that stays in this namespace, NOARP, up, with forwarding on for
  // itself alone (bpf_fib_lookup asks for it); `name` and `peer_name` are settings. Keeps its MAC
  // if it exists.
  virtual Result<HostDevice> ensure_host_device(const std::string& name,
                                                const std::string& peer_name) = 0;
  // Gateway address with prefix length, on the link, which must be up; IPv6 without duplicate
  // address detection. The route to its subnet has `mtu` (bytes, of the IP packet), whatever the
  // link's own: larger packets are fragmented, or refused to their sender, before they are sent.
  virtual Status ensure_address(int link, const Prefix& address, std::uint32_t mtu) = 0;
  // With the route.
  virtual Status remove_address(int link, const Prefix& address) = 0;

  virtual Result<std::vector<LinkInfo>> links() = 0;
  virtual Result<std::optional<LinkInfo>> link(int index) = 0;  // nothing: there is none
  virtual Result<std::vector<AddressInfo>> addresses() = 0;
  virtual Result<std::vector<RouteInfo>> routes() = 0;  // main table, both families

  // Does the host route onward what comes in by the device? Also false if there is no such device.
  virtual bool forwards(Family family, const std::string& device) = 0;

  // Every next hop of the route that the kernel would choose among (RTM_GETROUTE with
  // RTM_F_FIB_MATCH).
  virtual Result<Way> way_to(const Address& destination) = 0;
  virtual Result<std::vector<Neighbour>> neighbours() = 0;  // both families, of every link
  // The kernel resolves the neighbour and keeps it resolved until drop_neighbour() (NTF_MANAGED).
  virtual Status keep_neighbour(int link, const Address& address) = 0;
  virtual Status drop_neighbour(int link, const Address& address) = 0;

  // The bare vxlan device: external (collect_md), no learning, UDP `port`, zero checksums sent and
  // accepted on IPv6, up, no addresses. One of another port is replaced. Returns its ifindex.
  // Errors: conflict (another device has the port: names it).
  virtual Result<int> ensure_vxlan(const std::string& name, std::uint16_t port) = 0;

  // What VethRequest::headroom wants: a bridge `name`, and its port `name` + "v". Both stay down.
  // Returns the bridge's ifindex.
  virtual Result<int> ensure_headroom(const std::string& name) = 0;
  virtual Status remove_headroom(const std::string& name) = 0;
};

}  // namespace fairlead::netlink
