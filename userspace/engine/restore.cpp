// restore: from what the store remembers to a working data path.
#include <algorithm>
#include <map>
#include <tuple>

#include "engine/detached.h"
#include "engine/follow_cluster.h"
#include "engine/hygiene.h"
#include "engine/local_clients.h"
#include "engine/lookup.h"
#include "engine/port_ranges.h"
#include "engine/port_rules.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

Status restore_network(Engine& engine, const Network& network) {
  if (auto done = engine.datapath.put_network(network); !done) return done;
  for (const Prefix& gateway : gateways(network))
    if (auto done =
            engine.links.ensure_address(engine.state.host_device.index, gateway, network.mtu);
        !done)
      return done;
  return {};
}

// One network or container that cannot be restored (it may have died a moment ago) must not keep
// the daemon from serving the others.
void warn(Engine& engine, const std::string& what, const Status& status) {
  if (!status) engine.state.warnings.push_back(what + ": " + status.error().message());
}

// A port that somebody took while the daemon was away stays published: packets from outside
// never reach that process. Said as a warning, because local clients may.
void hold_ports_again(Engine& engine, const Endpoint& endpoint) {
  // By port: its addresses, every IPv4 and every IPv6 address together, as publish() holds them.
  std::map<std::tuple<Protocol, std::uint16_t, Address>, std::vector<Address>> ports;
  for (const PortBinding& range : endpoint.ports) {
    const Address& on = range.host_address;
    for (unsigned n = 0; n < range.count; ++n) {
      auto& addresses = ports[{range.protocol, nth_port(range, n).host_port,
                               on.is_any() ? Address::any(Family::v6) : on}];
      addresses.insert(on.family() == Family::v4 ? addresses.begin() : addresses.end(), on);
    }
  }

  Problems problems("ports of " + endpoint_name(engine.state, endpoint.key) +
                    " could not be held again");
  const auto claim = claim_of(endpoint);
  for (const auto& [port, addresses] : ports) {
    const auto [protocol, number, place] = port;
    if (engine.host_ports.hold(protocol, addresses, number, number, claim)) continue;
    for (const Address& address : addresses)  // one of them at least
      if (auto held = engine.host_ports.hold(protocol, {address}, number, number, claim); !held)
        problems.add(std::unexpected(std::move(held).error()));
  }
  problems.add(serve_local_clients(engine, endpoint.ports));
  if (auto held = problems.status(); !held) engine.state.warnings.push_back(held.error().message());
}

Status restore_endpoint(Engine& engine, const Endpoint& endpoint, int device) {
  auto network = find_network(engine.state, endpoint.network);
  if (!network) return std::unexpected(std::move(network).error());
  engine.state.devices[endpoint.key] = device;
  if (auto done = engine.datapath.put_endpoint(*network, endpoint,
                                               {.name = endpoint.host_device, .index = device});
      !done)
    return done;
  hold_ports_again(engine, endpoint);
  return engine.datapath.put_ports(*network, endpoint, device,
                                   with_rules(engine, *network, endpoint, endpoint.ports));
}

// A name that an engine tells later wins.
void restore_network_names(State& state, const std::vector<store::Setting>& settings) {
  const std::string prefix = name_setting("");
  for (const store::Setting& setting : settings)
    if (setting.key.starts_with(prefix) &&
        state.networks.contains(setting.key.substr(prefix.size())))
      state.network_names.emplace(setting.key.substr(prefix.size()), setting.value);
}

// Devices of endpoints that the store has not heard of: the daemon ended while it made them.
Status remove_unknown_devices(Engine& engine, const std::vector<netlink::LinkInfo>& links) {
  Problems problems("remove devices that nobody knows");
  for (const netlink::LinkInfo& link : links)
    if (link.kind == "veth" && is_endpoint_device(link.name) &&
        std::ranges::none_of(engine.state.endpoints, [&](const auto& entry) {
          return entry.second.host_device == link.name;
        }))
      problems.add(engine.links.remove_link(link.name));
  return problems.status();
}

}  // namespace

Status restore(Engine& engine) {
  engine.state.started = engine.clock.now();
  auto snapshot = engine.store.load();
  if (!snapshot) return fail(std::move(snapshot).error(), "restore");
  warn(engine, "restore", engine.links.remove_retired());
  auto links = engine.links.links();
  if (!links) return fail(std::move(links).error(), "restore");

  engine.ipam.restore(snapshot->pools, snapshot->leases);
  for (const store::PortRules& rules : snapshot->port_rules)
    engine.state.port_rules.emplace(rules.port, rules.rules);
  for (const Network& network : snapshot->networks) {
    engine.state.networks.emplace(network.key, network);
    if (network.shared.empty())
      engine.state.last_network_id = std::max(engine.state.last_network_id, network.id);
    warn(engine, "restore network " + network.key.substr(0, 12), restore_network(engine, network));
  }
  restore_network_names(engine.state, snapshot->settings);
  for (const Endpoint& endpoint : snapshot->endpoints) {
    engine.state.endpoints.emplace(endpoint.key, endpoint);
    learn_attached_name(engine.state, endpoint);
  }

  std::vector<Endpoint> alive;
  for (const Endpoint& endpoint : snapshot->endpoints) {
    const auto link = std::ranges::find(*links, endpoint.host_device, &netlink::LinkInfo::name);
    const bool living = link != links->end() && engine.state.networks.contains(endpoint.network);
    warn(
        engine, "restore endpoint " + endpoint.key.substr(0, 12),
        living ? restore_endpoint(engine, endpoint, link->index) : bury_endpoint(engine, endpoint));
    if (living) alive.push_back(endpoint);
  }
  warn(engine, "restore", remove_unknown_devices(engine, *links));
  warn(engine, "restore", engine.datapath.retain_only(snapshot->networks, alive));
  warn(engine, "restore", sync_host(engine));
  warn(engine, "restore", follow_cluster(engine));
  warn(engine, "restore", replay_detached(engine));
  return {};
}

}  // namespace fairlead::engine
