// What ties an engine to its cluster. Engine thread only, but for the agent's own threads.
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "cluster/agent.h"
#include "cluster/registry.h"
#include "cluster/settings.h"
#include "cluster/view.h"
#include "etcd/client.h"

namespace fairlead::engine {

struct Membership {
  Membership(cluster::Settings its, cluster::Layout layout, std::unique_ptr<etcd::Client> store,
             cluster::RegistrySettings limits)
      : settings(std::move(its)),
        client(std::move(store)),
        view(std::move(layout)),
        registry(*client, view, std::move(limits)) {}

  cluster::Settings settings;
  std::string uuid;         // Meta::uuid; empty: there is no such cluster yet
  std::string instance;     // Node::instance
  bool introduced = false;  // the store was read, and no other host has this one's name
  std::unique_ptr<etcd::Client> client;
  cluster::View view;
  cluster::Registry registry;
  std::chrono::steady_clock::time_point next_tidy{};
  std::set<std::string> removed;  // networks removed here that the store has not heard of
  std::unique_ptr<cluster::Agent>
      agent;  // last: its threads use the client; never null once started
};

}  // namespace fairlead::engine
