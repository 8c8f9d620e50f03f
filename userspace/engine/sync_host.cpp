// sync_host: what the kernel says of devices and addresses, carried into the data path.
#include <algorithm>
#include <set>

#include "engine/follow_cluster.h"
#include "engine/hygiene.h"
#include "engine/lookup.h"
#include "engine/underlay.h"
#include "engine/uplinks.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

// A host-side device that is gone took its container's end with it: the container died, and
// nobody may ever say so (a killed dockerd sends no Leave).
std::vector<Endpoint> vanished(const State& state, const std::vector<netlink::LinkInfo>& links) {
  std::set<int> present;
  for (const netlink::LinkInfo& link : links) present.insert(link.index);
  std::vector<Endpoint> out;
  for (const auto& [key, endpoint] : state.endpoints) {
    const auto device = state.devices.find(key);
    if (device != state.devices.end() && !present.contains(device->second)) out.push_back(endpoint);
  }
  return out;
}

// This host's own end of every tunnel, and what the others hear of it.
Status sync_own_underlay(Engine& engine, const std::vector<netlink::AddressInfo>& addresses) {
  if (!engine.cluster) return {};
  auto routes = engine.links.routes();
  if (!routes) return std::unexpected(std::move(routes).error());
  auto own =
      own_underlay(engine.state.host_view, addresses, *routes, engine.cluster->settings.underlay);
  if (!own) {  // what was found before stays: an address may be away for a moment
    engine.state.shared_problems["underlay"] = own.error().message();
    return {};
  }
  engine.state.shared_problems.erase("underlay");
  const bool changed = engine.state.underlay != *own;
  engine.state.underlay = std::move(*own);
  announce_self(engine);
  return changed ? sync_underlay(engine) : Status();
}

}  // namespace

Status sync_host(Engine& engine) {
  auto links = engine.links.links();
  if (!links) return fail(std::move(links).error(), "look at the host's devices");
  auto addresses = engine.links.addresses();
  if (!addresses) return fail(std::move(addresses).error(), "look at the host's addresses");

  constexpr const char* kOwnPrefix = "fl";
  engine.state.host_view = view_host(*links, *addresses, engine.settings.uplinks, kOwnPrefix);

  Problems problems("follow the host's devices");
  problems.add(engine.datapath.sync_host(engine.state.host_view));
  for (const Endpoint& endpoint : vanished(engine.state, *links))
    problems.add(bury_endpoint(engine, endpoint));
  problems.add(sync_own_underlay(engine, *addresses));
  return problems.status();
}

}  // namespace fairlead::engine
