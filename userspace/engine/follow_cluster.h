// From being a member on paper to following the cluster, and back.
#pragma once

#include "engine/engine.h"

namespace fairlead::engine {

// Makes the tunnel device, tells the programs what this host remembers of the others, and starts
// the agent. Needs no store. Without a cluster: nothing.
Status follow_cluster(Engine& engine);

// Ends it: programs forget the other hosts, networks of the cluster become this host's own. Packets
// of local containers flow on.
Status unfollow_cluster(Engine& engine);

// A membership that waits for a cluster to be made; ends with init or join.
void leave_waiting(Engine& engine);

// The whole view into this host's own memory.
Status remember_view(Engine& engine);

// What this host tells the others of itself, once it has read what they say. Returns at once.
void announce_self(Engine& engine);

}  // namespace fairlead::engine
