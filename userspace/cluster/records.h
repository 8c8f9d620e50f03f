// What the hosts of a cluster tell each other, one record a key.
//
// Layout (reference: layout.cpp builds and parses the keys):
//   <prefix>/<cluster>/meta                            Meta
//   .../alive/<node>                                   Alive; the only key on a lease
//   .../nodes/<node>                                   Node
//   .../networks/<network>                             SharedNetwork
//   .../names/<name>            .../vni/<n>            the network's id; unique indexes
//   .../members/<network>/<node>                       Member
//   .../pools/<pool>                                   SharedPool
//   .../users/<pool>/<node>                            empty: this host's engine holds the pool
//   .../blocks/<pool>/<prefix>                         Block
//   .../static/<pool>/<address>                        Static
//   .../asks/<pool>/<address>/<node>                   Ask
//   .../eps/<network>/<node>/<endpoint>                SharedEndpoint
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "model/network.h"

namespace fairlead::cluster {

struct Meta {
  std::string uuid;     // made by `cluster init`; another one is another cluster
  unsigned schema = 1;  // of this layout
  std::string created;  // ISO 8601, UTC; for people

  bool operator==(const Meta&) const = default;
};

struct Alive {
  std::string node;
  std::string boot_id;  // /proc/sys/kernel/random/boot_id
  std::string version;  // of fairleadd
  std::string since;    // ISO 8601, UTC

  bool operator==(const Alive&) const = default;
};

struct Node {
  std::string name;
  std::vector<Address> vteps;  // what it sends tunnel packets from; the first of each family is
                               // where it wants them
  std::uint16_t port = 0;      // UDP
  std::uint32_t mtu = 0;       // smallest of its underlay devices, bytes of an IP packet
  std::string instance;  // random, kept in its state folder: two hosts of one name are noticed

  bool operator==(const Node&) const = default;
};

struct SharedNetwork {
  std::string id;    // NetworkID of the host that made it
  std::string name;  // Docker's; empty until it is known
  std::uint32_t vni = 0;
  std::optional<Subnet> v4;
  std::optional<Subnet> v6;
  std::string pool_v4;  // SharedPool::id
  std::string pool_v6;
  std::optional<std::uint32_t> mtu;            // as asked for; absent: what the underlay allows
  std::map<std::string, std::string> options;  // -o of the network, as they were given
  bool internal = false;
  std::string created_by;  // node
  bool removing = false;   // somebody removed it: goes from each host that does not use it

  bool operator==(const SharedNetwork&) const = default;
};

// A host whose engine has the network.
struct Member {
  std::string network;  // SharedNetwork::id
  std::string node;

  bool operator==(const Member&) const = default;
};

struct SharedPool {
  std::string id;  // "10.1.0.0-24"
  Prefix prefix;
  std::optional<Prefix> range;     // --ip-range: where blocks are cut from
  unsigned block = 28;             // prefix length of blocks
  std::optional<Address> gateway;  // the same on every host

  bool operator==(const SharedPool&) const = default;
};

// Addresses that one host alone hands out.
struct Block {
  std::string pool;
  Prefix prefix;
  std::string owner;                    // node
  std::map<Address, std::string> lent;  // by the owner, to other nodes, for --ip

  bool operator==(const Block&) const = default;
};

// One address outside every block.
struct Static {
  std::string pool;
  Address address;
  std::string owner;  // node

  bool operator==(const Static&) const = default;
};

// "May I have this address of your block?" Written by the one who asks, answered by the block's
// owner: by lending, or by a refusal here. Removed by the one who asked.
struct Ask {
  std::string pool;
  Address address;
  std::string node;     // who asks
  std::string refusal;  // empty: not answered

  bool operator==(const Ask&) const = default;
};

struct PoolUser {
  std::string pool;
  std::string node;

  bool operator==(const PoolUser&) const = default;
};

struct SharedEndpoint {
  std::string network;  // SharedNetwork::id
  std::string node;
  std::string key;  // EndpointID
  std::optional<Address> v4;
  std::optional<Address> v6;
  Mac mac;
  std::string name;  // container's; empty until it is known

  bool operator==(const SharedEndpoint&) const = default;
};

// names/ and vni/: read by people and by transactions; the records above say the same.
struct Index {
  std::string key;
  std::string network;

  bool operator==(const Index&) const = default;
};

using Record = std::variant<Meta, Alive, Node, SharedNetwork, Member, SharedPool, PoolUser, Block,
                            Static, Ask, SharedEndpoint, Index>;

// Keys under one cluster's prefix: "/fairlead/v1/<cluster>/".
class Layout {
 public:
  // Errors: invalid_argument (prefix not absolute, a name that is none: 1 to 63 of a-z A-Z 0-9 . _
  // -).
  static Result<Layout> create(const std::string& cluster);

  const std::string& root() const { return root_; }  // ends in "/"
  std::string meta() const;
  std::string alive(const std::string& node) const;
  std::string node(const std::string& node) const;
  std::string networks() const;  // prefix of all
  std::string network(const std::string& id) const;
  std::string names() const;  // prefix of all
  std::string name(const std::string& name) const;
  std::string vnis() const;  // prefix of all
  std::string vni(std::uint32_t vni) const;
  std::string members(const std::string& network) const;  // prefix of all, ends in "/"
  std::string member(const std::string& network, const std::string& node) const;
  std::string pools() const;  // prefix of all
  std::string pool(const std::string& id) const;
  std::string all_users() const;                     // prefix of all, of every pool
  std::string users(const std::string& pool) const;  // prefix of all
  std::string user(const std::string& pool, const std::string& node) const;
  std::string blocks(const std::string& pool) const;  // prefix of all
  std::string block(const std::string& pool, const Prefix& prefix) const;
  std::string statics(const std::string& pool) const;  // prefix of all
  std::string fixed(const std::string& pool, const Address& address) const;
  std::string asks(const std::string& pool) const;  // prefix of all
  std::string ask(const std::string& pool, const Address& address, const std::string& node) const;
  std::string endpoints(const std::string& network) const;  // prefix of all
  std::string endpoints(const std::string& network, const std::string& node) const;  // prefix
  std::string endpoint(const std::string& network, const std::string& node,
                       const std::string& key) const;
  // Guards: changed by every transaction that could make two pools overlap, or two blocks.
  std::string pools_guard() const;
  std::string blocks_guard(const std::string& pool) const;

  // The record of a key and its value (JSON); the parts that the key holds are taken from the key.
  // Errors: not_found (a key that this version does not know; guards too), invalid_argument
  // (value).
  Result<Record> parse(const std::string& key, const std::string& value) const;
  std::string key(const Record& record) const;

 private:
  explicit Layout(std::string root) : root_(std::move(root)) {}
  std::string root_;
};

// The value of a record: JSON, on one line, with the fields that are not in the key.
std::string format(const Record& record);

// "10.1.0.0/24" -> "10.1.0.0-24", which can stand in a key.
std::string pool_id(const Prefix& prefix);

}  // namespace fairlead::cluster
