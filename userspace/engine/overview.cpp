// overview, drops: reading.
#include <algorithm>
#include <iterator>
#include <map>

#include "bpf/shared/reason.h"
#include "engine/exposure.h"
#include "engine/host_rules.h"
#include "engine/lookup.h"
#include "engine/shortcut.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

constexpr std::uint32_t kFirstDrop = FL_DROP_TRUNCATED;

void count_ports(const Engine& engine, const Endpoint& endpoint, Overview& out) {
  const auto network = engine.state.networks.find(endpoint.network);
  if (network == engine.state.networks.end()) return;
  for (const ExposedPort& port : exposed_ports(engine, network->second, endpoint, endpoint.ports)) {
    out.ports += port.binding.count;
    switch (exposure_of(port).reach) {
      case Reach::everyone:
        out.open_ports += port.binding.count;
        break;
      case Reach::limited:
        out.limited_ports += port.binding.count;
        break;
      case Reach::nobody:
        out.closed_ports += port.binding.count;
        break;
      case Reach::this_host:
        out.this_host_ports += port.binding.count;
        break;
    }
  }
}

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
    count_ports(engine, endpoint, out);
  }
  out.host_rules = engine.settings.host_rules;
  out.started = engine.state.started;
  out.facts = engine.datapath.facts();
  out.maps = std::move(*maps);
  for (const datapath::Counter& counter : *counters)
    if (counter.reason < kFirstDrop && counter.packets > 0) out.forwarded.push_back(counter);
  out.warnings = engine.state.warnings;
  std::ranges::copy(idle_rules(engine.state), std::back_inserter(out.warnings));
  std::ranges::copy(host_rules_problems(engine), std::back_inserter(out.warnings));
  std::ranges::copy(shortcut_problems(engine), std::back_inserter(out.warnings));
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
