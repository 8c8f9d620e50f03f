#include "engine/lookup.h"

#include <functional>

#include "engine/uplinks.h"

namespace fairlead::engine {

namespace {

constexpr std::size_t kDeviceTail = 12;
constexpr char kHexDigits[] = "0123456789abcdef";

}  // namespace

std::string network_name(const State& state, const std::string& key) {
  const auto name = state.network_names.find(key);
  return name != state.network_names.end() ? name->second : key.substr(0, 12);
}

std::string name_setting(const std::string& network) { return "network_name." + network; }

std::string endpoint_name(const State& state, const std::string& key) {
  const auto name = state.endpoint_names.find(key);
  return name != state.endpoint_names.end() ? name->second : key.substr(0, 12);
}

void learn_attached_name(State& state, const Endpoint& endpoint) {
  if (endpoint.attachment && !endpoint.attachment->name.empty())
    state.endpoint_names[endpoint.key] = endpoint.attachment->name;
}

Result<Network> find_network(const State& state, const std::string& key) {
  const auto found = state.networks.find(key);
  if (found == state.networks.end())
    return fail(Errc::not_found, "fairlead knows no network " + key.substr(0, 12) +
                                     ": its state was removed; remove and create the network "
                                     "again (docker network rm, docker network create)");
  return found->second;
}

Result<Endpoint> find_endpoint(const State& state, const std::string& network,
                               const std::string& key) {
  const auto found = state.endpoints.find(key);
  if (found == state.endpoints.end() || found->second.network != network)
    return fail(Errc::not_found, "fairlead knows no endpoint " + key.substr(0, 12) +
                                     " in network " + network_name(state, network) +
                                     "; restart the container");
  return found->second;
}

std::string endpoint_device(const std::string& prefix, const std::string& key) {
  if (key.size() >= kDeviceTail && key.find_first_not_of(kHexDigits) == std::string::npos)
    return prefix + key.substr(0, kDeviceTail);
  std::string tail;
  for (std::size_t rest = std::hash<std::string>{}(key); tail.size() < kDeviceTail; rest >>= 4)
    tail += kHexDigits[rest & 0xf];
  return prefix + tail;
}

bool is_endpoint_device(const std::string& name) {
  const std::string prefix = kHostPrefix;
  return name.size() == prefix.size() + kDeviceTail && name.starts_with(prefix) &&
         name.find_first_not_of(kHexDigits, prefix.size()) == std::string::npos;
}

std::vector<std::string> endpoints_of(const State& state, const std::string& network) {
  std::vector<std::string> keys;
  for (const auto& [key, endpoint] : state.endpoints)
    if (endpoint.network == network) keys.push_back(key);
  return keys;
}

std::vector<Prefix> gateways(const Network& network) {
  std::vector<Prefix> out;
  for (const auto* subnet : {&network.v4, &network.v6})
    if (*subnet && (*subnet)->gateway)
      out.emplace_back(*(*subnet)->gateway, (*subnet)->pool.length());
  return out;
}

std::uint32_t default_mtu(const Engine& engine) {
  if (engine.settings.default_mtu != 0) return engine.settings.default_mtu;
  return smallest_mtu(engine.state.host_view);
}

void Problems::add(const Status& status) {
  if (!status) errors_.push_back(status.error());
}

Status Problems::status() const {
  if (errors_.empty()) return {};
  std::string text = what_ + ": ";
  for (std::size_t i = 0; i < errors_.size(); ++i) {
    if (i > 0) text += "; ";
    text += errors_[i].message();
  }
  return fail(errors_.front().code(), text);
}

}  // namespace fairlead::engine
