#include "api/codec_ports.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/codec_parts.h"
#include "base/quote.h"
#include "engine/exposure.h"
#include "engine/lookup.h"

namespace fairlead::api {

using nlohmann::json;

namespace {

const char* name_of(engine::Reach reach) {
  switch (reach) {
    case engine::Reach::everyone:
      return "everyone";
    case engine::Reach::limited:
      return "limited";
    case engine::Reach::nobody:
      return "nobody";
    case engine::Reach::this_host:
      return "this host";
  }
  return "unknown";
}

const char* name_of(engine::RuleOrigin origin) {
  switch (origin) {
    case engine::RuleOrigin::nothing:
      return "default";
    case engine::RuleOrigin::configuration:
      return "configuration";
    case engine::RuleOrigin::network:
      return "network";
    case engine::RuleOrigin::endpoint:
      return "endpoint";
    case engine::RuleOrigin::run_time:
      return "run time";
  }
  return "unknown";
}

json texts(const std::vector<Prefix>& prefixes) {
  json out = json::array();
  for (const Prefix& prefix : prefixes) out.push_back(prefix.to_string());
  return out;
}

json exposure(const engine::Exposure& exposure, engine::RuleOrigin origin) {
  return {{"reach", name_of(exposure.reach)},
          {"allow", texts(exposure.allow)},
          {"except", texts(exposure.except)},
          {"from", name_of(origin)}};
}

json port(const engine::State& state, const Endpoint& endpoint,
          const engine::ExposedPort& exposed) {
  const PortBinding& port = exposed.binding;
  return {{"protocol", to_string(port.protocol)},
          {"host_address", port.host_address.to_string()},
          {"host_port", port.host_port},
          {"container_address", port.container_address.to_string()},
          {"container_port", port.container_port},
          {"count", port.count},
          {"exposure", exposure(engine::exposure_of(exposed), exposed.origin)},
          {"endpoint", engine::endpoint_name(state, endpoint.key)},
          {"endpoint_id", endpoint.key},
          {"network", engine::network_name(state, endpoint.network)}};
}

json rules(const engine::PortRuleRow& row) {
  const auto& address = row.ports.address;
  return {{"protocol", to_string(row.ports.protocol)},
          {"host_address", address ? json(address->to_string()) : json(nullptr)},
          {"host_port", row.ports.first},
          {"count", row.ports.last - row.ports.first + 1},
          {"exposure", exposure(engine::exposure_of(row.sources), engine::RuleOrigin::run_time)},
          {"published", row.published}};
}

bool meet(const HostPortRange& some, Protocol protocol, const std::optional<Address>& address,
          unsigned first, unsigned last) {
  return some.protocol == protocol && some.first <= last && first <= some.last &&
         (!some.address || !address || some.address == address);
}

bool meet(const HostPortRange& some, const PortBinding& port) {
  return meet(some, port.protocol, port.host_address, port.host_port,
              unsigned{port.host_port} + port.count - 1);
}

Result<std::vector<Prefix>> parse_list(const json& list) {
  std::vector<Prefix> out;
  if (!list.is_array()) return fail(Errc::invalid_argument, "field \"sources\" is not an array");
  for (const json& each : list) {
    if (!each.is_string())
      return fail(Errc::invalid_argument, "field \"sources\" has what is not a string");
    auto source = parse_source(each.get_ref<const std::string&>());
    if (!source) return std::unexpected(std::move(source).error());
    out.push_back(*source);
  }
  return out;
}

}  // namespace

std::string format_ports(const engine::Engine& engine, const std::optional<HostPortRange>& some) {
  const engine::State& state = engine.state;
  json ports = json::array();
  for (const auto& [key, endpoint] : state.endpoints) {
    const auto network = state.networks.find(endpoint.network);
    if (network == state.networks.end()) continue;
    for (const engine::ExposedPort& each :
         engine::exposed_ports(engine, network->second, endpoint, endpoint.ports))
      if (!some || meet(*some, each.binding)) ports.push_back(port(state, endpoint, each));
  }
  json all_rules = json::array();
  for (const engine::PortRuleRow& row : engine::port_rule_rows(state))
    if (!some ||
        meet(*some, row.ports.protocol, row.ports.address, row.ports.first, row.ports.last))
      all_rules.push_back(rules(row));
  return document("ports", {{"ports", std::move(ports)}, {"rules", std::move(all_rules)}});
}

json exposure_counts(const engine::Overview& overview) {
  return {{"everyone", overview.open_ports},
          {"limited", overview.limited_ports},
          {"this_host", overview.this_host_ports},
          {"nobody", overview.closed_ports}};
}

Result<PortRuleChange> parse_port_rule_change(std::string_view body) {
  const json object = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(Errc::invalid_argument, "the body is not a JSON object");
  PortRuleChange out;
  bool named = false;
  for (const auto& [field, value] : object.items()) {
    if (field == "ports" && value.is_string()) {
      auto ports = parse_host_ports(value.get_ref<const std::string&>());
      if (!ports) return std::unexpected(std::move(ports).error());
      out.ports = *ports;
      named = true;
    } else if (field == "sources") {
      auto sources = parse_list(value);
      if (!sources) return std::unexpected(std::move(sources).error());
      out.sources = std::move(*sources);
    } else {
      return fail(Errc::invalid_argument,
                  "field " + fairlead::quoted(field) + " is unknown or no string");
    }
  }
  if (!named) return fail(Errc::invalid_argument, "field \"ports\" is missing");
  return out;
}

}  // namespace fairlead::api
