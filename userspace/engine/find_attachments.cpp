#include "engine/find_attachments.h"

#include "engine/lookup.h"
#include "engine/random_key.h"

namespace fairlead::engine {

std::vector<Endpoint> find_attachments(const State& state, const AttachmentKey& which) {
  std::vector<Endpoint> out;
  for (const auto& [key, endpoint] : state.endpoints) {
    const auto& its = endpoint.attachment;
    if (its && its->config == which.config &&
        (which.container.empty() || its->container == which.container) &&
        (which.interface.empty() || its->interface == which.interface))
      out.push_back(endpoint);
  }
  return out;
}

EndpointRequest attached_endpoint(const Network& network, const AttachRequest& want) {
  EndpointRequest request;
  request.network = network.key;
  request.key = random_key();
  request.mac = want.mac;
  request.rate = want.rate;
  request.attachment = want.attachment;
  request.sandbox = want.sandbox;
  request.sandbox_file = want.sandbox_file;
  return request;
}

Result<Attached> describe(Engine& engine, const Endpoint& endpoint) {
  auto network = find_network(engine.state, endpoint.network);
  if (!network) return std::unexpected(std::move(network).error());
  Attached out{.endpoint = endpoint,
               .network = network_name(engine.state, network->key),
               .network_key = network->key,
               .device_mac = {},
               .mtu = network->mtu,
               .gateway_v4 = std::nullopt,
               .gateway_v6 = std::nullopt};
  if (network->v4 && endpoint.v4) out.gateway_v4 = network->v4->gateway;
  if (network->v6 && endpoint.v6) out.gateway_v6 = network->v6->gateway;
  const auto device = engine.state.devices.find(endpoint.key);
  if (device == engine.state.devices.end()) return out;
  auto link = engine.links.link(device->second);
  if (!link) return std::unexpected(std::move(link).error());
  if (*link) {
    out.device_mac = (*link)->mac;
    out.mtu = (*link)->mtu;  // that of both ends
  }
  return out;
}

}  // namespace fairlead::engine
