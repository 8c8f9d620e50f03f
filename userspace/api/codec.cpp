#include "api/codec.h"

#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "api/codec_cluster.h"
#include "api/codec_parts.h"
#include "api/codec_ports.h"
#include "api/reasons.h"
#include "engine/local_clients.h"
#include "engine/lookup.h"

namespace fairlead::api {

using nlohmann::json;

std::string document(std::string_view schema, json value) {
  value["schema"] = "fairlead." + std::string(schema) + "/v1";
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string format_time(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  char text[32];
  if (::gmtime_r(&seconds, &parts) == nullptr) return "";
  const std::size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, size};
}

namespace {

template <typename T>
json text_or_null(const std::optional<T>& value) {
  return value ? json(value->to_string()) : json(nullptr);
}

json subnet(const std::optional<Subnet>& subnet) {
  if (!subnet) return nullptr;
  return {{"pool", subnet->pool.to_string()}, {"gateway", text_or_null(subnet->gateway)}};
}

// Null for a pool of this host alone.
json blocks(const ipam::Pool& pool) {
  if (pool.shared.empty()) return nullptr;
  json prefixes = json::array();
  for (const Prefix& block : pool.blocks) prefixes.push_back(block.to_string());
  return prefixes;
}

json counter(const datapath::Counter& counter) {
  const Reason reason = find_reason(counter.reason);
  return {{"reason", counter.reason},
          {"name", reason.name},
          {"text", reason.text},
          {"packets", counter.packets},
          {"bytes", counter.bytes}};
}

json map_use(const datapath::MapInfo& map) {
  return {{"name", map.name}, {"pin", map.pin}, {"capacity", map.capacity}, {"used", map.used}};
}

// A flow is two entries.
json flows_in(const std::vector<datapath::MapInfo>& maps) {
  for (const auto& map : maps)
    if (map.name == "fl_nat") return {{"used", map.used / 2}, {"capacity", map.capacity / 2}};
  return nullptr;
}

// Bits per second, bursts in bits; null without a limit.
json rate(const Rate& rate) {
  if (rate.egress == 0 && rate.ingress == 0) return nullptr;
  return {{"egress", rate.egress},
          {"ingress", rate.ingress},
          {"egress_burst", rate.egress_burst},
          {"ingress_burst", rate.ingress_burst}};
}

// Of the endpoint itself, or its network's.
json rate_in(const engine::State& state, const Endpoint& endpoint) {
  const auto network = state.networks.find(endpoint.network);
  return rate(network == state.networks.end() ? endpoint.rate
                                              : rate_of(network->second.rate, endpoint.rate));
}

json attachment_or_null(const Endpoint& endpoint) {
  if (!endpoint.attachment) return nullptr;
  const Attachment& its = *endpoint.attachment;
  return {{"config", its.config},
          {"container", its.container},
          {"interface", its.interface},
          {"sandbox", endpoint.sandbox},
          {"labels", its.labels}};
}

json endpoint(const engine::State& state, const Endpoint& endpoint, const FlowUse& flows) {
  unsigned ports = 0;
  for (const PortBinding& range : endpoint.ports) ports += range.count;
  const auto use = flows.find(endpoint.host_device);
  const datapath::FlowCount count = use != flows.end() ? use->second : datapath::FlowCount{};
  return {{"id", endpoint.key},
          {"name", engine::endpoint_name(state, endpoint.key)},
          {"network", engine::network_name(state, endpoint.network)},
          {"network_id", endpoint.network},
          {"ipv4", text_or_null(endpoint.v4)},
          {"ipv6", text_or_null(endpoint.v6)},
          {"mac", endpoint.mac.to_string()},
          {"device", endpoint.host_device},
          {"joined", endpoint.joined},
          {"runtime", endpoint.attachment ? "cni" : "docker"},
          {"aliases", endpoint.attachment ? json(endpoint.attachment->aliases) : json::array()},
          {"attachment", attachment_or_null(endpoint)},
          {"ports", ports},
          {"rate", rate_in(state, endpoint)},
          {"flows", count.flows},
          {"half_open_flows", count.half_open}};
}

}  // namespace

std::string format_version(std::string_view version) {
  return document("version", {{"version", version}, {"pid", ::getpid()}});
}

std::string format_status(const engine::Overview& overview,
                          const std::optional<engine::ClusterOverview>& cluster,
                          std::string_view version, TimePoint now) {
  json maps = json::array();
  for (const auto& map : overview.maps) maps.push_back(map_use(map));
  json forwarded = json::array();
  for (const auto& each : overview.forwarded) forwarded.push_back(counter(each));
  const bool well = overview.warnings.empty() && overview.facts.problems.empty() &&
                    (!cluster || is_well(*cluster));
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(now - overview.started);
  json status = {{"state", well ? "ok" : "warning"},
                 {"version", version},
                 {"pid", ::getpid()},
                 {"started", format_time(overview.started)},
                 {"uptime_seconds", uptime.count()},
                 {"networks", overview.networks},
                 {"endpoints", overview.endpoints},
                 {"joined", overview.joined},
                 {"ports", overview.ports},
                 {"exposure", exposure_counts(overview)},
                 {"host_rules", overview.host_rules},
                 {"datapath",
                  {{"attach_mode", overview.facts.attach_mode},
                   {"socket_hooks", overview.facts.socket_hooks},
                   {"local_clients", engine::local_clients(overview.facts)},
                   {"shortcut", overview.facts.shortcut},
                   {"rates", overview.facts.rates},
                   {"uplinks", overview.facts.uplinks},
                   {"decapsulation", overview.facts.decap},
                   {"problems", overview.facts.problems}}},
                 {"flows", flows_in(overview.maps)},
                 {"maps", std::move(maps)},
                 {"forwarded", std::move(forwarded)},
                 {"warnings", overview.warnings}};
  if (cluster) status["cluster"] = cluster_object(*cluster);
  return document("status", std::move(status));
}

std::string format_networks(const engine::State& state) {
  json networks = json::array();
  for (const auto& [key, network] : state.networks)
    networks.push_back({{"id", key},
                        {"name", engine::network_name(state, key)},
                        {"number", network.id},
                        {"shared", network.shared.empty() ? json(nullptr) : json(network.shared)},
                        {"vni", network.shared.empty() ? json(nullptr) : json(network.id)},
                        {"ipv4", subnet(network.v4)},
                        {"ipv6", subnet(network.v6)},
                        {"mtu", network.mtu},
                        {"internal", network.internal},
                        {"icc", network.icc},
                        {"masquerade", network.masquerade},
                        {"routed", network.routed},
                        {"shortcut", network.shortcut},
                        {"rate", rate(network.rate)},
                        {"host_binding_ipv4", network.host_binding_v4.to_string()},
                        {"interface_prefix", network.interface_prefix},
                        {"endpoints", engine::endpoints_of(state, key).size()}});
  return document("networks", {{"networks", std::move(networks)}});
}

std::string format_endpoints(const engine::State& state, const FlowUse& flows) {
  json endpoints = json::array();
  for (const auto& [key, each] : state.endpoints) endpoints.push_back(endpoint(state, each, flows));
  return document("endpoints", {{"endpoints", std::move(endpoints)}});
}

std::string format_drops(const std::vector<engine::Drop>& drops) {
  json rows = json::array();
  for (const engine::Drop& drop : drops) {
    const Reason reason = find_reason(drop.reason);
    rows.push_back({{"network", drop.network},
                    {"reason", drop.reason},
                    {"name", reason.name},
                    {"text", reason.text},
                    {"advice", reason.advice},
                    {"packets", drop.packets},
                    {"bytes", drop.bytes}});
  }
  return document("drops", {{"drops", std::move(rows)}});
}

std::string format_ipam(const std::vector<ipam::PoolUse>& pools) {
  json rows = json::array();
  for (const ipam::PoolUse& use : pools)
    rows.push_back({{"id", use.pool.id},
                    {"space", use.pool.space},
                    {"pool", use.pool.prefix.to_string()},
                    {"range", text_or_null(use.pool.range)},
                    {"blocks", blocks(use.pool)},
                    {"created", format_time(use.pool.created)},
                    {"size", use.size},
                    {"used", use.used},
                    {"lent", use.lent},
                    {"cooling", use.cooling}});
  return document("ipam", {{"pools", std::move(rows)}});
}

std::string format_error(std::string_view message) {
  return document("error", {{"error", message}});
}

std::string format_failure(const Error& error) {
  return document("error", {{"error", error.message()}, {"code", to_string(error.code())}});
}

}  // namespace fairlead::api
