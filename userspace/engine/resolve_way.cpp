// choose_vteps, resolve_way: pure.
#include <algorithm>

#include "bpf/shared/peer.h"
#include "engine/underlay.h"

namespace fairlead::engine {

namespace {

using datapath::NextHop;
using netlink::LinkInfo;
using netlink::WayHop;

constexpr const char* kOwnPrefix = "fl";

struct WeightedHop {
  NextHop hop;
  unsigned weight = 1;
};

std::optional<Address> first_of(const std::vector<Address>& addresses, Family family) {
  const auto found = std::ranges::find(addresses, family, &Address::family);
  return found == addresses.end() ? std::nullopt : std::optional(*found);
}

// Null if the kernel alone can send by that hop.
const LinkInfo* ethernet_of(const Surroundings& now, const WayHop& hop) {
  const auto link = now.links.find(hop.link);
  if (link == now.links.end() || !link->second.ethernet || link->second.loopback ||
      link->second.name.starts_with(kOwnPrefix))
    return nullptr;
  return &link->second;
}

std::string device_name(const Surroundings& now, int link) {
  if (link == 0) return "a route that wraps packets";
  const auto found = now.links.find(link);
  return found == now.links.end() ? "a device that is gone" : found->second.name;
}

// A hop of twice the weight is met twice as often: slots are given one by one to whoever is
// furthest below its share. With equal weights each hop comes once.
std::vector<NextHop> spread(std::vector<WeightedHop> hops) {
  if (hops.size() > FL_PEER_HOPS) hops.resize(FL_PEER_HOPS);
  const bool equal = std::ranges::all_of(
      hops, [&](const WeightedHop& hop) { return hop.weight == hops.front().weight; });
  const std::size_t slots = equal ? hops.size() : FL_PEER_HOPS;
  std::vector<std::size_t> given(hops.size(), 1);
  for (std::size_t used = hops.size(); used < slots; ++used) {
    std::size_t next = 0;
    for (std::size_t i = 1; i < hops.size(); ++i)  // weight / given, compared without fractions
      if (hops[i].weight * given[next] > hops[next].weight * given[i]) next = i;
    ++given[next];
  }
  std::vector<NextHop> out;
  for (std::size_t i = 0; i < hops.size(); ++i) out.insert(out.end(), given[i], hops[i].hop);
  return out;
}

}  // namespace

std::optional<VtepPair> choose_vteps(const std::vector<Address>& remote,
                                     const std::vector<Address>& local, Family prefer) {
  const Family other = prefer == Family::v4 ? Family::v6 : Family::v4;
  for (const Family family : {prefer, other}) {
    const auto theirs = first_of(remote, family);
    const auto ours = first_of(local, family);
    if (theirs && ours) return VtepPair{.remote = *theirs, .local = *ours};
  }
  return std::nullopt;
}

PeerWay resolve_way(const Surroundings& now, const netlink::Way& way, const Address& remote) {
  PeerWay out;
  if (way.local) {
    out.problem = remote.to_string() + " is an address of this host itself";
    return out;
  }
  if (way.hops.empty()) {
    out.problem = "no route to " + remote.to_string();
    return out;
  }
  std::vector<WeightedHop> ready;
  for (const WayHop& hop : way.hops) {
    const LinkInfo* link = ethernet_of(now, hop);
    if (!link)
      return {.hops = {},
              .neighbours = {},
              .problem = "the kernel sends, because the way to " + remote.to_string() + " is by " +
                         device_name(now, hop.link)};
    const KeptNeighbour next(hop.link, hop.gateway.is_any() ? remote : hop.gateway);
    out.neighbours.insert(next);
    const auto neighbour = now.neighbours.find(next);
    if (neighbour == now.neighbours.end() || !neighbour->second.usable ||
        neighbour->second.mac == Mac()) {
      out.problem = "next hop " + next.second.to_string() + " on " + link->name +
                    " does not answer (ARP or neighbour discovery)";
      continue;
    }
    ready.push_back({.hop = {.device = hop.link,
                             .source = link->mac,
                             .destination = neighbour->second.mac,
                             .mtu = way.mtu == 0 ? link->mtu : std::min(way.mtu, link->mtu)},
                     .weight = std::max(hop.weight, 1U)});
  }
  out.hops = spread(std::move(ready));
  return out;
}

}  // namespace fairlead::engine
