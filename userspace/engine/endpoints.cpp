// create_endpoint, remove_endpoint, get_endpoint, join, leave.
#include <algorithm>

#include "base/undo.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

Status check_address(const Engine& engine, const Network& network, const Prefix& address) {
  const auto& subnet = address.family() == Family::v4 ? network.v4 : network.v6;
  const std::string text = address.address().to_string();
  if (!subnet || !subnet->pool.contains(address.address()))
    return fail(Errc::invalid_argument, "address " + text + " is outside network " +
                                            network_name(engine.state, network.key) +
                                            (subnet ? " (" + subnet->pool.to_string() + ")" : ""));
  if (subnet->gateway == address.address())
    return fail(Errc::conflict, "address " + text + " is the gateway's");
  for (const auto& [key, other] : engine.state.endpoints) {
    const auto& held = address.family() == Family::v4 ? other.v4 : other.v6;
    if (other.network == network.key && held && held->address() == address.address())
      return fail(Errc::conflict, "address " + text + " is in use by endpoint " +
                                      endpoint_name(engine.state, key) + " of network " +
                                      network_name(engine.state, network.key));
  }
  return {};
}

Status check_mac(const Engine& engine, const Network& network, const Mac& mac) {
  if ((mac.bytes()[0] & 1) != 0 || mac == Mac())
    return fail(Errc::invalid_argument, "MAC " + mac.to_string() + " is not a unicast address");
  for (const auto& [key, other] : engine.state.endpoints)
    if (other.network == network.key && other.mac == mac)
      return fail(Errc::conflict, "MAC " + mac.to_string() + " is in use by endpoint " +
                                      endpoint_name(engine.state, key) + " of network " +
                                      network_name(engine.state, network.key));
  return {};
}

Mac choose_mac(const EndpointRequest& want) {
  if (want.mac) return *want.mac;
  return want.v4 ? Mac::from_ipv4(want.v4->address()) : Mac::random();
}

Status retire_device(Engine& engine, const Endpoint& endpoint) {
  const auto device = engine.state.devices.find(endpoint.key);
  if (device != engine.state.devices.end()) return engine.links.retire_link(device->second);
  return engine.links.remove_link(endpoint.host_device);  // gone, if anybody is right
}

}  // namespace

Result<Endpoint> create_endpoint(Engine& engine, const EndpointRequest& want) {
  const std::string what = "create endpoint " + want.key.substr(0, 12);
  if (want.key.empty()) return fail(Errc::invalid_argument, "endpoint without an id");
  auto network = find_network(engine.state, want.network);
  if (!network) return std::unexpected(std::move(network).error());
  if (auto known = find_endpoint(engine.state, want.network, want.key)) return known;

  for (const auto* address : {&want.v4, &want.v6})
    if (*address)
      if (auto ok = check_address(engine, *network, **address); !ok)
        return std::unexpected(std::move(ok).error());
  if (auto ok = check_rate(want.rate); !ok) return std::unexpected(std::move(ok).error());
  const Mac mac = choose_mac(want);
  if (auto ok = check_mac(engine, *network, mac); !ok)
    return std::unexpected(std::move(ok).error());

  const bool in_tunnels = !network->shared.empty() && engine.cluster;
  const std::uint32_t mtu = in_tunnels ? std::min(network->mtu, tunnel_mtu(engine)) : network->mtu;
  const Endpoint endpoint{
      .key = want.key,
      .network = want.network,
      .v4 = want.v4,
      .v6 = want.v6,
      .mac = mac,
      .host_device = endpoint_device(kHostPrefix, want.key),
      .container_device =
          want.attachment ? want.attachment->interface : endpoint_device("flc", want.key),
      .sandbox = want.sandbox,
      .joined = want.attachment.has_value(),
      .publish = want.publish,
      .rate = want.rate,
      .ports = {},
      .attachment = want.attachment};
  Undo undo;
  auto index = engine.links.create_veth({.host_name = endpoint.host_device,
                                         .container_name = endpoint.container_device,
                                         .container_mac = mac,
                                         .mtu = mtu,
                                         .headroom = in_tunnels ? engine.state.headroom : 0,
                                         .sandbox = want.sandbox_file});
  if (!index) return fail(std::move(index).error(), what);
  undo.add([&engine, name = endpoint.host_device] { (void)engine.links.remove_link(name); });

  const datapath::EndpointDevice device{.name = endpoint.host_device, .index = *index};
  if (auto done = engine.datapath.put_endpoint(*network, endpoint, device); !done)
    return fail(std::move(done).error(), what);
  undo.add(
      [&engine, net = *network, endpoint] { (void)engine.datapath.erase_endpoint(net, endpoint); });

  if (auto done = engine.store.apply({endpoint}); !done) return fail(std::move(done).error(), what);
  undo.commit();
  engine.state.devices[endpoint.key] = *index;
  engine.state.endpoints.emplace(endpoint.key, endpoint);
  learn_attached_name(engine.state, endpoint);
  announce(engine, *network, endpoint);
  return endpoint;
}

Status remove_endpoint(Engine& engine, const std::string& network, const std::string& key) {
  const auto endpoint = find_endpoint(engine.state, network, key);
  if (!endpoint) return {};

  Problems problems("remove endpoint " + endpoint_name(engine.state, key));
  problems.add(unpublish(engine, network, key));
  // Down before the data path lets go of it: nothing gets past the program. Marked before the store
  // forgets it: after a crash the next daemon removes it.
  problems.add(retire_device(engine, *endpoint));
  if (const auto net = find_network(engine.state, network)) {
    problems.add(engine.datapath.erase_endpoint(*net, *endpoint));
    withdraw(engine, *net, key);
  }
  problems.add(engine.store.apply({store::EraseEndpoint{key}}));
  engine.state.endpoints.erase(key);
  engine.state.devices.erase(key);
  engine.state.endpoint_names.erase(key);
  if (engine.cluster && engine.settings.on_mirror && endpoints_of(engine.state, network).empty())
    engine.settings.on_mirror();  // a network that is being removed may have waited for it
  return problems.status();
}

Result<Endpoint> get_endpoint(Engine& engine, const std::string& network, const std::string& key) {
  return find_endpoint(engine.state, network, key);
}

Result<JoinReply> join(Engine& engine, const std::string& network_key, const std::string& key,
                       const std::string& sandbox) {
  auto network = find_network(engine.state, network_key);
  if (!network) return std::unexpected(std::move(network).error());
  auto endpoint = find_endpoint(engine.state, network_key, key);
  if (!endpoint) return std::unexpected(std::move(endpoint).error());

  endpoint->joined = true;
  endpoint->sandbox = sandbox;
  if (auto done = engine.store.apply({*endpoint}); !done)
    return fail(std::move(done).error(), "join endpoint " + key.substr(0, 12));
  engine.state.endpoints[key] = *endpoint;

  JoinReply reply{.device = endpoint->container_device,
                  .interface_prefix = network->interface_prefix,
                  .gateway_v4 = std::nullopt,
                  .gateway_v6 = std::nullopt};
  // A gateway on an internal network would make newer engines send the ports here.
  if (!network->internal) {
    if (network->v4 && endpoint->v4) reply.gateway_v4 = network->v4->gateway;
    if (network->v6 && endpoint->v6) reply.gateway_v6 = network->v6->gateway;
  }
  return reply;
}

Status leave(Engine& engine, const std::string& network, const std::string& key) {
  if (!find_endpoint(engine.state, network, key)) return {};
  Problems problems("leave endpoint " + endpoint_name(engine.state, key));
  problems.add(unpublish(engine, network, key));
  Endpoint& endpoint = engine.state.endpoints.at(key);
  endpoint.joined = false;
  endpoint.sandbox.clear();
  problems.add(engine.store.apply({endpoint}));
  return problems.status();
}

}  // namespace fairlead::engine
