// publish, unpublish.
#include <algorithm>

#include "base/undo.h"
#include "engine/lookup.h"
#include "engine/port_rules.h"
#include "engine/verbs.h"

namespace fairlead::engine {

namespace {

// Host addresses that a request binds: the one it names; else the network's IPv4 binding and, if
// that is every address, every IPv6 address too.
std::vector<Address> host_addresses(const PortRequest& want, const Network& network, bool ipv6) {
  if (want.host_address) return {*want.host_address};
  std::vector<Address> out{network.host_binding_v4};
  if (ipv6 && network.host_binding_v4.is_any()) out.push_back(Address::any(Family::v6));
  return out;
}

// The container's address for a host address: of the same family where there is one. The other
// family serves clients on this host, whose sockets are redirected (bpf/cgroup_sockets.bpf.c).
std::optional<Address> container_address(const Endpoint& endpoint, Family family) {
  const auto& same = family == Family::v4 ? endpoint.v4 : endpoint.v6;
  if (same) return same->address();
  if (family == Family::v6 && endpoint.v4) return endpoint.v4->address();
  return std::nullopt;
}

std::vector<PortBinding> bindings(const PortRequest& want, const Endpoint& endpoint,
                                  const std::vector<Address>& addresses, std::uint16_t port) {
  std::vector<PortBinding> out;
  for (const Address& address : addresses)
    out.push_back({.protocol = want.protocol,
                   .host_address = address,
                   .host_port = port,
                   .container_address = *container_address(endpoint, address.family()),
                   .container_port = want.container_port});
  return out;
}

// The port that the endpoint already holds for this request, so that publishing again keeps it.
std::optional<std::uint16_t> kept_port(const PortRequest& want, const Endpoint& endpoint,
                                       const std::vector<Address>& addresses,
                                       const std::vector<PortBinding>& used) {
  for (const PortBinding& old : endpoint.ports) {
    const bool in_range = want.host_port_first == 0 || (old.host_port >= want.host_port_first &&
                                                        old.host_port <= want.host_port_last);
    if (old.protocol != want.protocol || old.container_port != want.container_port || !in_range)
      continue;
    const auto wanted = bindings(want, endpoint, addresses, old.host_port);
    const bool all_held = std::ranges::all_of(wanted, [&](const PortBinding& binding) {
      return std::ranges::find(endpoint.ports, binding) != endpoint.ports.end() &&
             std::ranges::find(used, binding) == used.end();
    });
    if (all_held) return old.host_port;
  }
  return std::nullopt;
}

Result<std::vector<PortBinding>> hold_one(Engine& engine, const Network& network,
                                          const Endpoint& endpoint, const PortRequest& want,
                                          bool ipv6, const std::vector<PortBinding>& used,
                                          Undo& undo) {
  if (want.container_port == 0 || want.host_port_last < want.host_port_first)
    return fail(Errc::invalid_argument,
                "port range " + std::to_string(want.host_port_first) + "-" +
                    std::to_string(want.host_port_last) + " to container port " +
                    std::to_string(want.container_port) + " makes no sense");
  std::vector<Address> addresses = host_addresses(want, network, ipv6);
  std::erase_if(addresses, [&](const Address& address) {
    return !container_address(endpoint, address.family());
  });
  if (addresses.empty())
    return fail(Errc::invalid_argument, "container port " + std::to_string(want.container_port) +
                                            " cannot be published on an IPv4 address: the "
                                            "container has IPv6 only");

  if (const auto port = kept_port(want, endpoint, addresses, used))
    return bindings(want, endpoint, addresses, *port);

  auto port =
      engine.host_ports.hold(want.protocol, addresses, want.host_port_first, want.host_port_last);
  if (!port) return std::unexpected(std::move(port).error());
  undo.add([&engine, protocol = want.protocol, addresses, number = *port] {
    for (const Address& address : addresses) engine.host_ports.release(protocol, address, number);
  });
  return bindings(want, endpoint, addresses, *port);
}

}  // namespace

Result<std::vector<PortBinding>> publish(Engine& engine, const std::string& network_key,
                                         const std::string& key,
                                         const std::vector<PortRequest>& ports, bool ipv6) {
  auto network = find_network(engine.state, network_key);
  if (!network) return std::unexpected(std::move(network).error());
  auto endpoint = find_endpoint(engine.state, network_key, key);
  if (!endpoint) return std::unexpected(std::move(endpoint).error());
  const std::vector<PortBinding> before = endpoint->ports;
  const std::string what = "publish ports of " + endpoint_name(engine.state, key);

  Undo undo;
  std::vector<PortBinding> published;
  for (const PortRequest& want : ports) {
    auto held = hold_one(engine, *network, *endpoint, want, ipv6, published, undo);
    if (!held) return std::unexpected(std::move(held).error());
    published.insert(published.end(), held->begin(), held->end());
  }

  const int device = engine.state.devices.at(key);
  undo.add([&engine, net = *network, old = *endpoint, device] {
    (void)engine.datapath.put_ports(net, old, device, with_rules(engine, net, old, old.ports));
  });
  endpoint->ports = published;
  if (auto done = engine.datapath.put_ports(*network, *endpoint, device,
                                            with_rules(engine, *network, *endpoint, published));
      !done)
    return fail(std::move(done).error(), what);
  if (auto done = engine.store.apply({*endpoint}); !done)
    return fail(std::move(done).error(), what);
  undo.commit();

  engine.state.endpoints[key] = *endpoint;
  for (const PortBinding& old : before)
    if (std::ranges::find(published, old) == published.end())
      engine.host_ports.release(old.protocol, old.host_address, old.host_port);
  return published;
}

Status unpublish(Engine& engine, const std::string& network, const std::string& key) {
  const auto endpoint = find_endpoint(engine.state, network, key);
  if (!endpoint || endpoint->ports.empty()) return {};

  Problems problems("unpublish ports of " + endpoint_name(engine.state, key));
  problems.add(engine.datapath.erase_ports(*endpoint, endpoint->ports));
  for (const PortBinding& port : endpoint->ports)
    engine.host_ports.release(port.protocol, port.host_address, port.host_port);
  Endpoint after = *endpoint;
  after.ports.clear();
  problems.add(engine.store.apply({after}));
  engine.state.endpoints[key] = after;
  return problems.status();
}

}  // namespace fairlead::engine
