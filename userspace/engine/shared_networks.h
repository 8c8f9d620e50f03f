// Networks that hosts share: what the verbs of networks.cpp ask the cluster, and where their
// containers on other hosts are found.
#pragma once

#include <optional>
#include <string>

#include "engine/verbs.h"

namespace fairlead::engine {

// Is the request one for a network of the cluster? Nothing: for one of this host alone. Errors:
// invalid_argument (fairlead.network without a subnet of the cluster).
Result<bool> is_shared(const Engine& engine, const NetworkRequest& want);

// Makes the network in the cluster, or joins it. Returns its record; the VNI is the network's id in
// the data path. Errors: as cluster::Registry::create_network() and join_network(); conflict (this
// host's engine has it already).
Result<cluster::SharedNetwork> share_network(Engine& engine, const NetworkRequest& want);

// This host has it no longer; `everywhere`: nor shall any other, once nobody uses it. If the store
// is away, tidy_cluster() says so later.
void give_up_network(Engine& engine, const std::string& shared, bool everywhere);

// The container engine's name of a network that hosts share, for the others. A name that another
// network of the cluster has is a problem that status shows.
Status name_shared(Engine& engine, const Network& network, const std::string& name);

// What an endpoint of this host is to the other hosts, into the store and out of it. Returns at
// once.
void announce(Engine& engine, const Network& network, const Endpoint& endpoint);
void withdraw(Engine& engine, const Network& network, const std::string& endpoint);

// Bytes of a packet in a network of the cluster, by the smallest underlay of all hosts.
std::uint32_t tunnel_mtu(const Engine& engine);

// The programs hear of the hosts, members and endpoints that the cluster knows, as far as this host
// has the network. Compares with what they heard before. One key of the store, or every one of a
// network or of all.
Status refresh_key(Engine& engine, const std::string& key);
Status refresh_network(Engine& engine, const std::string& shared);
Status refresh_all(Engine& engine);

// The number by which the programs know a host; remembered.
Result<datapath::PeerId> peer_number(Engine& engine, const std::string& node);

// The local network that is the cluster's `shared`; null: this host has it not.
const Network* local_network(const State& state, const std::string& shared);

}  // namespace fairlead::engine
