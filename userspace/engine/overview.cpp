// overview, drops: reading.
#include <map>

#include "bpf/shared/reason.h"
#include "engine/lookup.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

constexpr std::uint32_t kFirstDrop = FL_DROP_TRUNCATED;

}  // namespace

Result<Overview> overview(Engine& engine) {
  auto counters = engine.datapath.counters();
  if (!counters) return std::unexpected(std::move(counters).error());
  auto maps = engine.datapath.maps();
  if (!maps) return std::unexpected(std::move(maps).error());

  Overview out;
  out.networks = engine.state.networks.size();
  out.endpoints = engine.state.endpoints.size();
  for (const auto& [key, endpoint] : engine.state.endpoints) {
    out.joined += endpoint.joined ? 1 : 0;
    out.ports += endpoint.ports.size();
  }
  out.started = engine.state.started;
  out.facts = engine.datapath.facts();
  out.maps = std::move(*maps);
  for (const datapath::Counter& counter : *counters)
    if (counter.reason < kFirstDrop && counter.packets > 0) out.forwarded.push_back(counter);
  out.warnings = engine.state.warnings;
  return out;
}

Result<std::vector<Drop>> drops(Engine& engine) {
  auto counters = engine.datapath.counters();
  if (!counters) return std::unexpected(std::move(counters).error());
  std::map<NetworkId, std::string> names{{0, "-"}};
  for (const auto& [key, network] : engine.state.networks)
    names[network.id] = network_name(engine.state, key);

  std::vector<Drop> out;
  for (const datapath::Counter& counter : *counters) {
    if (counter.reason < kFirstDrop || counter.packets == 0) continue;
    const auto name = names.find(counter.network);
    out.push_back({.network = name != names.end()
                                  ? name->second
                                  : "removed network " + std::to_string(counter.network),
                   .reason = counter.reason,
                   .packets = counter.packets,
                   .bytes = counter.bytes});
  }
  return out;
}

}  // namespace fairlead::engine
