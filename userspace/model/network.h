// A network, its endpoints and their published ports, as the engine keeps them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/address.h"
#include "model/rate.h"

namespace fairlead {

// Of the data path: never 0, never reused while anything refers to it. Up to FL_VNI_LAST the VNI of
// a network that hosts share, above it this host's own.
using NetworkId = std::uint32_t;

struct Subnet {
  Prefix pool;                     // host bits clear
  std::optional<Address> gateway;  // absent: the network has none in this family

  bool operator==(const Subnet&) const = default;
};

// Who may reach a published port: the longest prefix that holds the source decides.
struct SourceRules {
  struct Rule {
    Prefix prefix;  // host bits clear
    bool allow = true;

    auto operator<=>(const Rule&) const = default;
  };
  std::vector<Rule> rules;  // sorted, one a prefix
  bool otherwise = true;    // whoever no rule holds

  bool operator==(const SourceRules&) const = default;
};

enum class Protocol : std::uint8_t { tcp = 6, udp = 17, sctp = 132 };

// What the options of a network or of one endpoint say of who may reach published ports.
struct PublishPolicy {
  struct Port {
    Protocol protocol = Protocol::tcp;
    std::uint16_t number = 0;  // the container's

    auto operator<=>(const Port&) const = default;
  };
  std::optional<std::vector<Prefix>> allow;        // every port; absent: nothing said
  std::map<Port, std::vector<Prefix>> allow_port;  // wins over `allow`

  bool operator==(const PublishPolicy&) const = default;
};

struct Network {
  std::string key;  // what the orchestrator calls it: Docker's NetworkID
  NetworkId id = 0;
  std::optional<Subnet> v4;
  std::optional<Subnet> v6;
  std::uint32_t mtu = 1500;  // bytes
  std::string interface_prefix = "eth";
  Address host_binding_v4 = Address::any(Family::v4);  // where -p without an address binds
  bool internal = false;
  bool icc = true;
  bool masquerade = true;
  bool routed = false;    // its addresses are known outside: published ports are reached there too
  bool shortcut = false;  // TCP between its endpoints of one host may go from socket to socket
  PublishPolicy publish;  // of its endpoints' ports
  Rate rate;              // of each of its endpoints
  std::string shared;     // the cluster's id of it, and `id` is its VNI; empty: this host's alone
  // Made because a container was attached to it, by no command of a person: it goes some time
  // after the last one.
  bool made_for_attachment = false;

  bool operator==(const Network&) const = default;
};

// A port as it was asked for.
struct PortRequest {
  Protocol protocol = Protocol::tcp;
  std::uint16_t container_port = 0;     // host byte order, never 0
  std::optional<Address> host_address;  // absent: every address, or the network's binding
  std::uint16_t host_port_first = 0;    // 0: any free one
  std::uint16_t host_port_last = 0;     // one of first..last is taken

  bool operator==(const PortRequest&) const = default;
};

// Ports as they are published: one entry a host address (every IPv4 and every IPv6 are two), and
// one a range, in which host and container ports go up together.
struct PortBinding {
  Protocol protocol = Protocol::tcp;
  Address host_address;         // may be any(family)
  std::uint16_t host_port = 0;  // the first
  Address container_address;    // IPv4, for an IPv6 host address, where the container has no IPv6
  std::uint16_t container_port = 0;  // of the first
  std::uint16_t count = 1;

  auto operator<=>(const PortBinding&) const = default;
};

// What a container's namespace sends where.
struct ContainerRoute {
  Prefix to;                   // host bits clear
  std::optional<Address> via;  // absent: on the link

  bool operator==(const ContainerRoute&) const = default;
};

// How a runtime that is not Docker knows an endpoint, and what it wanted of it: CNI's words.
struct Attachment {
  std::string config;     // its name of the network
  std::string container;  // its id of the container
  std::string interface;  // in the container, 15 bytes at most
  std::string name;       // the container's, for people; may be empty
  std::vector<std::string> aliases;
  std::map<std::string, std::string> labels;  // of its orchestrator: K8S_POD_NAME
  std::vector<ContainerRoute> routes;         // what the container was given
  bool holds_ports = false;  // the runtime has a socket for each published port itself

  bool operator==(const Attachment&) const = default;
};

struct Endpoint {
  std::string key;           // Docker's EndpointID
  std::string network;       // Network::key
  std::optional<Prefix> v4;  // address with the subnet's length
  std::optional<Prefix> v6;
  Mac mac;
  std::string host_device;       // of the veth pair, host side
  std::string container_device;  // its name until the runtime moves it
  std::string sandbox;           // set between join and leave; the runtime's netns path
  bool joined = false;
  PublishPolicy publish;  // of its own ports; wins over the network's
  Rate rate;              // its own; wins over the network's: rate_of()
  std::vector<PortBinding> ports;
  std::optional<Attachment> attachment;  // absent: Docker's

  bool operator==(const Endpoint&) const = default;
};

std::string to_string(Protocol protocol);  // "tcp"

}  // namespace fairlead
