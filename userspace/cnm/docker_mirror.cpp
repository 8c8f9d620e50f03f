// create_docker_network, remove_docker_network: the networks of the cluster, on this host's engine.
#include <nlohmann/json.hpp>

#include "cnm/docker_client.h"
#include "cnm/option_names.h"
#include "http/client.h"

namespace fairlead::cnm {

namespace {

using nlohmann::json;

// Docker's own words for a refusal: {"message": "..."}.
std::string message_of(const std::string& body) {
  const json document = json::parse(body, nullptr, false);
  if (document.is_object() && document.contains("message") && document["message"].is_string())
    return document["message"].get<std::string>();
  return body.substr(0, 200);
}

json pool_of(const Subnet& subnet, const std::optional<Prefix>& range) {
  json out = {{"Subnet", subnet.pool.to_string()}};
  if (subnet.gateway) out["Gateway"] = subnet.gateway->to_string();
  if (range) out["IPRange"] = range->to_string();
  return out;
}

}  // namespace

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

Status create_docker_network(const std::string& socket, const std::string& driver,
                             const engine::MirrorPlan::Create& want,
                             std::chrono::milliseconds deadline) {
  auto answer = http::call(
      socket,
      {.method = "POST", .target = "/networks/create", .body = format_docker_network(driver, want)},
      deadline);
  if (!answer) return std::unexpected(std::move(answer).error());
  if (answer->status == 201) return {};
  if (answer->status == 409)
    return fail(Errc::conflict, "this host's Docker has another network " + want.name +
                                    " already: remove or rename it, and the cluster's appears");
  return fail(Errc::invalid_argument, "Docker does not make the cluster's network " + want.name +
                                          ": " + message_of(answer->body));
}

Status remove_docker_network(const std::string& socket, const std::string& id,
                             std::chrono::milliseconds deadline) {
  auto answer = http::call(socket, {.method = "DELETE", .target = "/networks/" + id}, deadline);
  if (!answer) return std::unexpected(std::move(answer).error());
  if (answer->status == 204 || answer->status == 200 || answer->status == 404) return {};
  return fail(Errc::conflict, "Docker does not remove network " + id.substr(0, 12) + ": " +
                                  message_of(answer->body));
}

}  // namespace fairlead::cnm
