// How clients on this host itself reach published ports.
//
// Socket hooks (cgroup v2) lead them to the container when they connect. What hooks cannot do is
// left to the relay: everything on a host without cgroup v2, and else IPv6 datagrams to a container
// that has IPv4 only, because a hook cannot turn the family of a datagram.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace fairlead::engine {

// Has the relay serve the ports that are its own. They are held (HostPorts), and served until they
// are released. Idempotent. SCTP has hooks or nothing. Errors: those of HostPorts::serve().
Status serve_local_clients(Engine& engine, const std::vector<PortBinding>& ports);

// For people: "socket hooks", or "relay in the daemon: " and why.
std::string local_clients(const datapath::Facts& facts);

}  // namespace fairlead::engine
