// The ways to the other hosts: routes, neighbours and devices, made into headers that programs
// send.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/peer_state.h"

namespace fairlead::engine {

// --- deciding: pure ------------------------------------------------------------------

// What other hosts reach this one by. `wanted`: from the settings, one address a family at most;
// the first one's family is preferred. Empty: of the uplinks with a default route, or else the only
// uplink, the first address of each family. Errors: not_found (no such address on this host, or
// none at all), invalid_argument (several uplinks and no default route: the setting is needed).
Result<Underlay> own_underlay(const datapath::HostView& view,
                              const std::vector<netlink::AddressInfo>& addresses,
                              const std::vector<netlink::RouteInfo>& routes,
                              const std::vector<Address>& wanted);

struct VtepPair {
  Address remote;
  Address local;

  bool operator==(const VtepPair&) const = default;
};

// The first addresses of a family that both have; `prefer` if both have both.
std::optional<VtepPair> choose_vteps(const std::vector<Address>& remote,
                                     const std::vector<Address>& local, Family prefer);

// The kernel's tables at one moment.
struct Surroundings {
  std::map<int, netlink::LinkInfo> links;
  std::map<KeptNeighbour, netlink::Neighbour> neighbours;
};

struct PeerWay {
  std::vector<datapath::NextHop> hops;  // repeated by weight; empty: by the kernel
  std::set<KeptNeighbour> neighbours;   // that the way goes by, resolved or not
  std::string problem;                  // why not all hops are used; empty: they are
};

// Next hops that are resolved are used. All is left to the kernel where only it can send: to an
// address of this host, by a device that is not Ethernet, by one of fairlead's own.
PeerWay resolve_way(const Surroundings& now, const netlink::Way& way, const Address& remote);

// --- doing ---------------------------------------------------------------------------

// Has translated flows ask for their way anew. Looks at the kernel's tables and writes what changed
// of the way to each of state.peers; has the neighbours concerned kept resolved, and those of no
// peer's way kept no longer, also those that an earlier daemon kept. Does no more than the first on
// a host that has no cluster and no peers: who leaves a cluster empties state.peers and calls this
// once before Engine::cluster is reset. Goes on past a peer's failure; PeerState::last_error says
// what it was.
Status sync_underlay(Engine& engine);

// Takes over what the underlay said of packets that are too big, and forgets it after ten minutes,
// so that a path that is wide again is noticed (RFC 1191 section 6.3).
Status sync_path_mtus(Engine& engine);

}  // namespace fairlead::engine
