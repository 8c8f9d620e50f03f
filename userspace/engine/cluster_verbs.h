// Everything about the cluster that can be asked of the engine. As verbs.h: idempotent, engine
// thread only.
//
// Errors besides those named: unavailable, when the cluster's store does not answer; says since
// when, and what to do meanwhile.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cluster/settings.h"
#include "engine/engine.h"

namespace fairlead::engine {

// --- being in a cluster -------------------------------------------------------------

// At start, before restore(): `configured` from fairlead.toml, else what init or join left, else
// nothing to do. Never fails because the store is away.
Status start_cluster(Engine& engine, const std::optional<cluster::Settings>& configured);

// Makes the cluster and joins it. Errors: already_exists, invalid_argument, conflict (this host is
// in one).
Status init_cluster(Engine& engine, const cluster::Settings& want);
// Again: success. Errors: not_found (no such cluster: `init`), conflict (the node's name is another
// host's; this host is in a cluster already).
Status join_cluster(Engine& engine, const cluster::Settings& want);
// Errors: conflict (networks of the cluster have containers here; `force` takes the networks from
// the cluster's sight all the same: they stay as this host's own until their containers end).
Status leave_cluster(Engine& engine, bool force);
// Of a host that is gone for good. Errors: conflict (it is alive, unless `force`; or it is this
// host).
Status forget_node(Engine& engine, const std::string& node, bool force);
// The store in place is right: ends the agent's alarm. What this host has is written into it again.
Status accept_store(Engine& engine);

// All keys and values, JSON. From this host's memory: works while the store is away.
Result<std::string> export_cluster(Engine& engine);
// Into a store that has no cluster of this name. Errors: already_exists, invalid_argument.
Status import_cluster(Engine& engine, const std::string& text);

// --- following it -------------------------------------------------------------------

// What the agent heard.
Status apply_news(Engine& engine, const cluster::News& news);
// Now and then while connected: what this host ought to have in the store, and what it ought not.
Status tidy_cluster(Engine& engine);

// --- networks that the container engine should have ---------------------------------

struct MirrorPlan {
  struct Create {
    std::string name;
    std::string id;  // of the cluster
    std::optional<Subnet> v4;
    std::optional<Subnet> v6;
    std::optional<Prefix> range_v4;
    std::optional<Prefix> range_v6;
    bool internal = false;
    std::map<std::string, std::string> options;  // -o
  };
  struct Remove {
    std::string key;  // Docker's NetworkID on this host
    std::string name;
  };
  std::vector<Create> create;
  std::vector<Remove> remove;
};

MirrorPlan mirror_plan(const Engine& engine);
// What became of one of the plan's steps, by the network's name; an error is shown in `status`
// until it works.
void mirrored(Engine& engine, const std::string& name, const Status& done);

// Under which State::shared_problems has it.
std::string mirror_subject(const std::string& name);

// --- reading ------------------------------------------------------------------------

struct ClusterOverview {
  cluster::Settings settings;  // without the password
  std::string uuid;
  cluster::AgentStatus agent;
  std::size_t nodes = 0;
  std::size_t networks = 0;
  std::size_t endpoints = 0;
  std::vector<std::string> problems;
};

// Absent: this host is in none.
std::optional<ClusterOverview> cluster_overview(const Engine& engine);

struct PeerRow {
  std::string name;
  std::string address;  // where tunnel packets go; empty if none is shared
  bool alive = false;
  std::optional<std::chrono::microseconds> rtt;
  std::uint32_t path_mtu = 0;  // bytes of an outer IP packet
  std::string mode;            // "direct" or "kernel"
  std::string last_error;      // empty: none
};

std::vector<PeerRow> peers(const Engine& engine);

}  // namespace fairlead::engine
