// allow_port, deny_port, reset_port.
#include <algorithm>
#include <functional>
#include <map>

#include "base/undo.h"
#include "engine/lookup.h"
#include "engine/port_rules.h"

namespace fairlead::engine {

namespace {

using Rules = std::vector<SourceRules::Rule>;

// Of one port: what people can oversee. Of one call: what SQLite writes within a second.
constexpr std::size_t kMostOfAPort = 1024;
constexpr std::size_t kMostOfACall = 200'000;

const Prefix kEveryV4(Address::any(Family::v4), 0);
const Prefix kEveryV6(Address::any(Family::v6), 0);

Rules all_others(bool allow) {
  Rules out{{.prefix = kEveryV4, .allow = allow}, {.prefix = kEveryV6, .allow = allow}};
  std::ranges::sort(out);
  return out;
}

bool lets_in(const std::map<Prefix, bool>& rules) {
  return std::ranges::any_of(rules, [](const auto& rule) { return rule.second; });
}

// The rules of a port that says the same without any of run time.
Rules as_rules(const SourceRules& sources) {
  const bool nobody =
      !sources.otherwise && std::ranges::none_of(sources.rules, &SourceRules::Rule::allow);
  return nobody ? all_others(false) : sources.rules;
}

Rules changed(const Rules& before, const std::vector<Prefix>& sources, bool allow) {
  if (sources.empty()) return all_others(allow);
  std::map<Prefix, bool> rules;
  for (const SourceRules::Rule& rule : before) rules[rule.prefix] = rule.allow;
  const bool was_list = lets_in(rules);
  for (const Prefix& source : sources) {
    if (!allow)
      std::erase_if(rules,
                    [&](const auto& rule) { return rule.second && source.contains(rule.first); });
    rules[source] = allow;
  }
  // The last one on a list is gone: that is nobody, where a set without any "allow" is everyone.
  if (was_list && !lets_in(rules))
    for (const SourceRules::Rule& rule : all_others(false)) rules.emplace(rule.prefix, rule.allow);
  Rules out;
  for (const auto& [prefix, verdict] : rules) out.push_back({.prefix = prefix, .allow = verdict});
  return out;
}

// A packet to any address of the host finds one entry, and one list: rules of a single address
// would never be looked at.
Status check_address(const State& state, const HostPortRange& ports) {
  const std::string name = publisher_everywhere(state, ports);
  if (name.empty()) return {};
  HostPortRange without = ports;
  without.address.reset();
  return fail(Errc::conflict, name + " publishes port " + to_string(without) +
                                  " on every address of the host, and its addresses cannot "
                                  "differ: say " +
                                  to_string(without) + ", or publish it on " +
                                  ports.address->to_string() + " only");
}

// What decides now of a port without rules of its own, by who publishes it.
Result<Rules> starting_rules(const Engine& engine, const HostPort& port) {
  std::optional<Rules> found;
  std::string first_name;
  for (const auto& [key, endpoint] : engine.state.endpoints) {
    const auto network = engine.state.networks.find(endpoint.network);
    if (network == engine.state.networks.end()) continue;
    for (const PortBinding& binding : endpoint.ports) {
      if (!has_port(binding, port.protocol, port.number, port.number)) continue;
      if (port.address && port.address != binding.host_address) continue;
      const auto offset = static_cast<std::uint16_t>(port.number - binding.host_port);
      PortBinding one = binding;
      one.host_port = port.number;
      one.container_port = static_cast<std::uint16_t>(binding.container_port + offset);
      one.count = 1;
      const std::string name =
          to_string(HostPort{port.protocol, binding.host_address, port.number});
      Rules rules = as_rules(exposed_ports(engine, network->second, endpoint, {one})[0].sources);
      if (found && *found != rules)
        return fail(Errc::conflict, "port " + to_string(port) + " is published as " + first_name +
                                        " and as " + name +
                                        ", and their options allow different sources: name the "
                                        "address of the one to change");
      if (!found) first_name = name;
      found = std::move(rules);
    }
  }
  if (found) return *found;
  if (engine.settings.publish_allow) return as_rules(only(*engine.settings.publish_allow));
  return Rules();
}

Status check_size(std::size_t of_a_port, std::size_t of_all) {
  if (of_a_port <= kMostOfAPort && of_all <= kMostOfACall) return {};
  return fail(Errc::exhausted,
              "too many rules: " + std::to_string(kMostOfAPort) + " for a port and " +
                  std::to_string(kMostOfACall) +
                  " in one command are the most; say it with fewer, shorter prefixes");
}

HostPort nth(const HostPortRange& ports, unsigned number) {
  return {.protocol = ports.protocol,
          .address = ports.address,
          .number = static_cast<std::uint16_t>(number)};
}

// Every endpoint that publishes one of the ports gets its lists again; stops at the first failure.
Status put_again(Engine& engine, const HostPortRange& ports) {
  for (const auto& [key, endpoint] : engine.state.endpoints) {
    const auto network = engine.state.networks.find(endpoint.network);
    const auto device = engine.state.devices.find(key);
    if (network == engine.state.networks.end() || device == engine.state.devices.end()) continue;
    if (std::ranges::none_of(endpoint.ports, [&](const PortBinding& binding) {
          return has_port(binding, ports.protocol, ports.first, ports.last);
        }))
      continue;
    auto done =
        engine.datapath.put_ports(network->second, endpoint, device->second,
                                  with_rules(engine, network->second, endpoint, endpoint.ports));
    if (!done) return fail(std::move(done).error(), endpoint_name(engine.state, key));
  }
  return {};
}

// New rules of some ports; none: they have no longer any.
using Change = std::map<HostPort, Rules>;

Status apply(Engine& engine, const HostPortRange& ports, const Change& change) {
  const std::string what = "change who may reach port " + to_string(ports);
  auto before = engine.state.port_rules;
  std::vector<store::Change> rows;
  for (const auto& [port, rules] : change) {
    if (rules.empty()) {
      engine.state.port_rules.erase(port);
      rows.emplace_back(store::ErasePortRules{port});
    } else {
      engine.state.port_rules[port] = rules;
      rows.emplace_back(store::PortRules{.port = port, .rules = rules});
    }
  }
  if (engine.state.port_rules == before) return {};

  Undo undo;
  undo.add([&engine, &ports, &before] {
    engine.state.port_rules = std::move(before);
    (void)put_again(engine, ports);
  });
  if (auto done = put_again(engine, ports); !done) return fail(std::move(done).error(), what);
  if (auto done = engine.store.apply(rows); !done) return fail(std::move(done).error(), what);
  undo.commit();
  return {};
}

Status change(Engine& engine, const HostPortRange& ports, const std::vector<Prefix>& sources,
              bool allow) {
  if (auto ok = check_address(engine.state, ports); !ok) return ok;
  Change out;
  std::size_t all = 0;
  for (unsigned number = ports.first; number <= ports.last; ++number) {
    const HostPort port = nth(ports, number);
    const auto known = engine.state.port_rules.find(port);
    Result<Rules> before = Rules();
    if (known != engine.state.port_rules.end())
      before = known->second;
    else if (!sources.empty())
      before = starting_rules(engine, port);
    if (!before) return std::unexpected(std::move(before).error());
    Rules after = changed(*before, sources, allow);
    all += after.size();
    if (auto ok = check_size(after.size(), all); !ok) return ok;
    out[port] = std::move(after);
  }
  return apply(engine, ports, out);
}

}  // namespace

Status allow_port(Engine& engine, const HostPortRange& ports, const std::vector<Prefix>& sources) {
  return change(engine, ports, sources, true);
}

Status deny_port(Engine& engine, const HostPortRange& ports, const std::vector<Prefix>& sources) {
  return change(engine, ports, sources, false);
}

Status reset_port(Engine& engine, const HostPortRange& ports) {
  Change out;
  for (unsigned number = ports.first; number <= ports.last; ++number)
    if (const HostPort port = nth(ports, number); engine.state.port_rules.contains(port))
      out[port] = {};
  return apply(engine, ports, out);
}

}  // namespace fairlead::engine
