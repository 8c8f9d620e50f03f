// Everything that can be asked of the engine, one function a verb.
//
// Every verb is idempotent by key and persists before it returns. One that fails leaves what was
// before: create verbs undo, remove verbs go on past failures and report them together.
// Engine thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace fairlead::engine {

// --- networks -----------------------------------------------------------------------

// Who shares it, on a host that is in a cluster.
enum class Scope : std::uint8_t {
  cluster,
  host,
};

struct NetworkRequest {
  std::string key;
  std::optional<Subnet> v4;
  std::optional<Subnet> v6;
  std::optional<std::uint32_t> mtu;  // bytes, 68..65535; 1280 at least with IPv6
  std::string interface_prefix = "eth";
  Address host_binding_v4 = Address::any(Family::v4);
  bool internal = false;
  bool icc = true;
  bool masquerade = true;
  bool routed = false;
  bool shortcut = false;
  PublishPolicy publish;
  Rate rate;
  bool made_for_attachment = false;
  Scope scope = Scope::cluster;
  std::string shared_name;  // join the cluster's network of this name or id; empty: by the subnet
  std::uint32_t vni = 0;    // of a network of the cluster; 0: a free one
  std::map<std::string, std::string> options;  // as they were given, for the other hosts
};

// Errors: invalid_argument, conflict (the subnet overlaps another network or a route of the host:
// names it).
Status create_network(Engine& engine, const NetworkRequest& want);
// Unknown: success. Endpoints that are left go with it: the orchestrator has forgotten them. One
// that hosts share goes from the others as well, once nobody there uses it.
Status remove_network(Engine& engine, const std::string& key);
// As remove_network(); `everywhere` false: the other hosts keep it.
Status drop_network(Engine& engine, const std::string& key, bool everywhere);

// --- endpoints ----------------------------------------------------------------------

struct EndpointRequest {
  std::string network;
  std::string key;
  std::optional<Prefix> v4;
  std::optional<Prefix> v6;
  std::optional<Mac> mac;  // absent: made here
  PublishPolicy publish;
  Rate rate{};
  // Of a runtime that is not Docker: the container's end is made in its namespace at once.
  std::optional<Attachment> attachment{};
  std::string sandbox{};
  int sandbox_file = -1;
};

// Makes the veth pair and everything the data path needs. Errors: not_found (network), conflict
// (address or MAC in use in this network), invalid_argument (address outside the subnet, a rate
// out of bounds).
Result<Endpoint> create_endpoint(Engine& engine, const EndpointRequest& want);
// Unknown: success. Removes map entries, ports and flows. The device passes no packet any more, and
// is gone a moment later, or when remove_network() returns.
Status remove_endpoint(Engine& engine, const std::string& network, const std::string& key);
// not_found if there is none.
Result<Endpoint> get_endpoint(Engine& engine, const std::string& network, const std::string& key);

struct JoinReply {
  std::string device;                 // the link to move into the container
  std::string interface_prefix;       // its name there, without the number
  std::optional<Address> gateway_v4;  // absent on internal networks
  std::optional<Address> gateway_v6;
};

Result<JoinReply> join(Engine& engine, const std::string& network, const std::string& key,
                       const std::string& sandbox);
// Unknown: success. Drops the ports; the device stays until remove_endpoint.
Status leave(Engine& engine, const std::string& network, const std::string& key);

// --- ports --------------------------------------------------------------------------

// All or nothing; again replaces. Returns what is published now. `ipv6`: also on IPv6 host
// addresses where no address was asked for. Errors: conflict (port taken: says which, and how to
// see by whom), not_found, invalid_argument.
Result<std::vector<PortBinding>> publish(Engine& engine, const std::string& network,
                                         const std::string& key,
                                         const std::vector<PortRequest>& ports, bool ipv6 = true);
Status unpublish(Engine& engine, const std::string& network, const std::string& key);

// --- addresses ----------------------------------------------------------------------

struct PoolRequest {
  ipam::PoolRequest pool;
  Scope scope = Scope::cluster;
  std::string shared_name;  // the pool of the cluster's network of this name or id
};

// Errors as ipam::Ipam's; in a cluster as cluster::Registry's too.
Result<ipam::Pool> request_pool(Engine& engine, const PoolRequest& want);
Status release_pool(Engine& engine, const std::string& id);
// Returns the address with the pool's prefix length. Errors: busy, while the host that owns the
// address's block is being asked: the same request again, for a second or two.
Result<Prefix> request_address(Engine& engine, const std::string& pool,
                               std::optional<Address> address, ipam::Use use);
Status release_address(Engine& engine, const std::string& pool, const Address& address);

// --- the whole ----------------------------------------------------------------------

// Start: store -> state, devices, programs, ports. What died meanwhile is cleaned.
Status restore(Engine& engine);

// Addresses, routes and devices of the host have changed, or may have: uplinks, local
// addresses, veths that vanished.
Status sync_host(Engine& engine);

// What the orchestrator knows, learnt asynchronously, or nothing where it did not answer.
struct Known {
  struct Container {
    std::string endpoint;  // Endpoint::key
    std::string name;
  };
  std::map<std::string, std::string> networks;  // key -> name
  std::vector<Container> containers;
  std::set<Prefix> pools;  // of ours that networks take, whatever their driver
};

// Names of networks, by key; those that are not among them keep what they have.
void learn_network_names(Engine& engine, const std::map<std::string, std::string>& names);

// Removes networks, endpoints, pools and leases that nobody claims and that are older than
// the grace period; keeps names. Safe between any two requests.
Status reconcile(Engine& engine, const Known& known);

// Every few seconds: cool-downs that are over, flows that have timed out.
Status tick(Engine& engine);

// --- reading ------------------------------------------------------------------------

struct Drop {
  std::string network;  // name, else key, else "-"
  std::uint32_t reason = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

struct Overview {
  std::size_t networks = 0;
  std::size_t endpoints = 0;
  std::size_t joined = 0;
  std::size_t ports = 0;            // each of a range counts
  std::size_t open_ports = 0;       // of them, by who may reach them: everyone
  std::size_t limited_ports = 0;    // some
  std::size_t this_host_ports = 0;  // this host's own processes, for they are on a loopback address
  std::size_t closed_ports = 0;     // nobody else than this host
  bool host_rules = false;
  TimePoint started{};
  datapath::Facts facts;
  std::vector<datapath::MapInfo> maps;
  std::vector<datapath::Counter> forwarded;  // by reason, the whole host
  std::vector<std::string> warnings;
};

Result<Overview> overview(Engine& engine);
Result<std::vector<Drop>> drops(Engine& engine);

}  // namespace fairlead::engine
