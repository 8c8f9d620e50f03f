// Published ports and who may reach them, in the JSON of the daemon's own API.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/verbs.h"
#include "model/sources.h"

namespace fairlead::api {

// Every published port, and every rule that was made at run time, also those that no published port
// meets. `some`: only those ports of the host.
std::string format_ports(const engine::Engine& engine,
                         const std::optional<HostPortRange>& some = std::nullopt);

// How many are open to whom; an object.
nlohmann::json exposure_counts(const engine::Overview& overview);

// Body of /v1/ports/allow, deny and reset: {"ports": "[ADDRESS:]PORT[-LAST][/PROTOCOL]",
// "sources": [CIDR or address, ...]}. Errors: invalid_argument.
struct PortRuleChange {
  HostPortRange ports;
  std::vector<Prefix> sources;
};
Result<PortRuleChange> parse_port_rule_change(std::string_view body);

}  // namespace fairlead::api
