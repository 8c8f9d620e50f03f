// What is asked of the daemon for one container on one network, and what it made. Addresses are
// text here: the daemon is the one that reads them, and says what is wrong with them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::cni {

struct Route {
  std::string to;   // "0.0.0.0/0"
  std::string via;  // empty: the gateway of its family
};

struct GivenAddress {
  std::string address;  // with its subnet's length
  std::string gateway;  // may be empty
};

struct FamilyWish {
  std::string subnet;  // each may be empty: the daemon chooses
  std::string gateway;
  std::string range;
};

struct NetworkWish {
  std::string name;  // or id
  bool no_ipv4 = false;
  FamilyWish ipv4;
  std::optional<FamilyWish> ipv6;
  std::optional<std::uint32_t> mtu;  // bytes
  std::optional<bool> internal;
  std::map<std::string, std::string> options;  // as of docker network create -o
};

struct PortMapping {
  std::string protocol = "tcp";
  std::string host_address;          // empty: all
  std::uint16_t host_port = 0;       // never 0 here
  std::uint16_t container_port = 0;  // never 0 here
  std::uint16_t count = 1;           // so many, both numbers going up
};

// As the container sees it. Bits per second, bursts in bits; 0: none, and chosen.
struct RateWish {
  std::uint64_t egress = 0;
  std::uint64_t egress_burst = 0;
  std::uint64_t ingress = 0;
  std::uint64_t ingress_burst = 0;
};

struct AttachmentKey {
  std::string config;  // what the runtime calls the network
  std::string container;
  std::string interface;
};

struct AttachWish {
  AttachmentKey key;
  std::string sandbox;
  NetworkWish network;
  std::string name;  // of the container; may be empty
  std::vector<std::string> aliases;
  std::map<std::string, std::string> labels;
  std::vector<std::string> addresses;              // wanted; empty: any
  std::optional<std::vector<GivenAddress>> given;  // by another IPAM
  std::string mac;                                 // empty: any
  std::optional<std::vector<Route>> routes;        // absent: the gateways'
  std::vector<PortMapping> ports;
  bool holds_ports = false;  // the runtime itself has a socket for each
  RateWish rate;
};

struct Attachment {
  std::string device;  // on the host
  std::string device_mac;
  std::string mac;  // in the container
  std::uint32_t mtu = 0;
  std::vector<GivenAddress> addresses;
  std::vector<Route> routes;
};

}  // namespace fairlead::cni
