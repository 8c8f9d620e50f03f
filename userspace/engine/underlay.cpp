// sync_underlay, sync_path_mtus: the kernel's routes and neighbours, carried into the data path.
#include "engine/underlay.h"

#include <algorithm>

#include "engine/lookup.h"

namespace fairlead::engine {

namespace {

constexpr std::chrono::minutes kPathMtuLife{10};

Result<Surroundings> look_around(netlink::Links& links) {
  Surroundings now;
  auto neighbours = links.neighbours();
  if (!neighbours) return std::unexpected(std::move(neighbours).error());
  for (const netlink::Neighbour& entry : *neighbours)
    now.neighbours.emplace(KeptNeighbour(entry.link, entry.address), entry);
  return now;
}

// The devices of a way, one by one: a host has few uplinks, and a device for each container.
Status learn_links(netlink::Links& links, const netlink::Way& way, Surroundings& now) {
  for (const netlink::WayHop& hop : way.hops) {
    if (hop.link == 0 || now.links.contains(hop.link)) continue;
    auto link = links.link(hop.link);
    if (!link) return std::unexpected(std::move(link).error());
    if (*link) now.links.emplace(hop.link, std::move(**link));
  }
  return {};
}

// Without a common family the peer is written all the same: what it sends is then still known as
// its.
datapath::Peer addressed_to(const PeerState& state, const Underlay& own, std::string& problem) {
  datapath::Peer peer;
  peer.number = state.number;
  peer.vteps = state.node.vteps;
  if (const auto pair = choose_vteps(state.node.vteps, own.vteps, own.prefer)) {
    peer.remote = pair->remote;
    peer.local = pair->local;
  } else {
    peer.remote = state.node.vteps.front();
    peer.local = Address::any(peer.remote.family());
    problem = "this host has no underlay address of a family that " + state.node.name + " has";
  }
  return peer;
}

Status follow_peer(Engine& engine, Surroundings& now, PeerState& state) {
  if (state.node.vteps.empty()) {
    state.last_error = "it has told no underlay address";
    return {};
  }
  std::string problem;
  datapath::Peer peer = addressed_to(state, engine.state.underlay, problem);
  state.neighbours.clear();
  if (problem.empty()) {
    auto way = engine.links.way_to(peer.remote);
    const Status seen =
        way ? learn_links(engine.links, *way, now) : Status(std::unexpected(way.error()));
    if (!seen) {
      state.last_error = seen.error().message();
      return seen;
    }
    PeerWay resolved = resolve_way(now, *way, peer.remote);
    peer.hops = std::move(resolved.hops);
    state.neighbours = std::move(resolved.neighbours);
    problem = std::move(resolved.problem);
  }
  state.last_error = std::move(problem);
  if (state.written == peer) return {};
  if (auto done = engine.datapath.put_peer(peer); !done) {
    state.written.reset();  // half of it may be there
    state.last_error = done.error().message();
    return done;
  }
  state.written = std::move(peer);
  return {};
}

void keep_neighbours(Engine& engine, const Surroundings& now, Problems& problems) {
  std::set<KeptNeighbour> wanted;
  for (const auto& [name, peer] : engine.state.peers)
    wanted.insert(peer.neighbours.begin(), peer.neighbours.end());
  for (const KeptNeighbour& neighbour : wanted) {
    const auto known = now.neighbours.find(neighbour);
    if (known != now.neighbours.end() && known->second.managed) continue;
    problems.add(engine.links.keep_neighbour(neighbour.first, neighbour.second));
  }
  for (const auto& [neighbour, entry] : now.neighbours)
    if (entry.managed && !wanted.contains(neighbour))
      problems.add(engine.links.drop_neighbour(neighbour.first, neighbour.second));
}

}  // namespace

Status sync_underlay(Engine& engine) {
  const std::string what = "follow the underlay";
  if (auto done = engine.datapath.forget_ways(); !done) return fail(std::move(done).error(), what);
  if (!engine.cluster && engine.state.peers.empty()) return {};
  auto now = look_around(engine.links);
  if (!now) return fail(std::move(now).error(), what);
  Problems problems(what);
  for (auto& [name, peer] : engine.state.peers) problems.add(follow_peer(engine, *now, peer));
  keep_neighbours(engine, *now, problems);
  return problems.status();
}

Status sync_path_mtus(Engine& engine) {
  if (engine.state.peers.empty()) return {};
  const auto known = engine.datapath.path_mtus();
  if (!known) return fail(Error(known.error()), "look at the path MTUs of peers");
  Problems problems("forget old path MTUs");
  for (auto& [name, peer] : engine.state.peers) {
    const auto lowered = std::ranges::find(*known, peer.number, &datapath::PathMtu::peer);
    peer.path_mtu = 0;
    if (lowered == known->end()) continue;
    if (lowered->age >= kPathMtuLife) {
      problems.add(engine.datapath.forget_path_mtu(peer.number));
    } else {
      peer.path_mtu = lowered->mtu;
    }
  }
  return problems.status();
}

}  // namespace fairlead::engine
