// The JSON of Docker's API that is written, and of its refusals: docker_client.h.
#include <nlohmann/json.hpp>

#include "cnm/docker_client.h"
#include "cnm/option_names.h"

namespace fairlead::cnm {

namespace {

using nlohmann::json;

// The longest part of an answer that is no refusal of Docker's own, for people.
constexpr std::size_t kQuotedBody = 200;

json pool_of(const Subnet& subnet, const std::optional<Prefix>& range) {
  json out = {{"Subnet", subnet.pool.to_string()}};
  if (subnet.gateway) out["Gateway"] = subnet.gateway->to_string();
  if (range) out["IPRange"] = range->to_string();
  return out;
}

}  // namespace

std::string parse_docker_refusal(std::string_view body) {
  const json document = json::parse(body, nullptr, false);
  if (document.is_object() && document.contains("message") && document["message"].is_string())
    return document["message"].get<std::string>();
  return std::string(body.substr(0, kQuotedBody));
}

std::string format_docker_network(const std::string& driver,
                                  const engine::MirrorPlan::Create& want) {
  json pools = json::array();
  if (want.v4) pools.push_back(pool_of(*want.v4, want.range_v4));
  if (want.v6) pools.push_back(pool_of(*want.v6, want.range_v6));
  json options = json::object();
  for (const auto& [name, value] : want.options) options[name] = value;
  options[option::kNetwork] = want.id;
  const json body = {{"Name", want.name},
                     {"CheckDuplicate", true},
                     {"Driver", driver},
                     {"Internal", want.internal},
                     {"EnableIPv6", want.v6.has_value()},
                     {"IPAM",
                      {{"Driver", driver},
                       {"Options", {{option::kNetwork, want.id}}},
                       {"Config", std::move(pools)}}},
                     {"Options", std::move(options)}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace fairlead::cnm
