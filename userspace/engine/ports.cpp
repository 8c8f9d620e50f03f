// publish, unpublish.
#include <algorithm>
#include <set>
#include <tuple>

#include "base/undo.h"
#include "engine/local_clients.h"
#include "engine/lookup.h"
#include "engine/port_ranges.h"
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

// The container's address for a host address: of the same family where there is one.
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

// Host ports of one call.
class Taken {
 public:
  void add(const PortBinding& port) { ports_.insert(key_of(port)); }
  bool has(const PortBinding& port) const { return ports_.contains(key_of(port)); }

 private:
  using Key = std::tuple<Protocol, Address, std::uint16_t>;
  static Key key_of(const PortBinding& port) {
    return {port.protocol, port.host_address, port.host_port};
  }
  std::set<Key> ports_;
};

// The port that the endpoint already holds for this request, so that publishing again keeps it.
std::optional<std::uint16_t> kept_port(const PortRequest& want, const Endpoint& endpoint,
                                       const std::vector<Address>& addresses, const Taken& taken) {
  for (const PortBinding& old : endpoint.ports) {
    if (old.protocol != want.protocol || want.container_port < old.container_port ||
        want.container_port >= old.container_port + old.count)
      continue;
    const std::uint16_t port =
        nth_port(old, static_cast<unsigned>(want.container_port - old.container_port)).host_port;
    if (want.host_port_first != 0 && (port < want.host_port_first || port > want.host_port_last))
      continue;
    const bool all_held =
        std::ranges::all_of(bindings(want, endpoint, addresses, port), [&](const auto& binding) {
          return has_port(endpoint.ports, binding) && !taken.has(binding);
        });
    if (all_held) return port;
  }
  return std::nullopt;
}

// SCTP's checksum covers the port numbers but no address (RFC 9260 6.8), and programs cannot
// compute it anew: so a host port must be the container's.
Result<PortRequest> same_number_for_sctp(PortRequest want) {
  if (want.protocol != Protocol::sctp) return want;
  const bool any = want.host_port_first == 0;
  if (!any &&
      (want.container_port < want.host_port_first || want.container_port > want.host_port_last))
    return fail(Errc::invalid_argument, "SCTP port " + std::to_string(want.container_port) +
                                            " cannot be published under another number, " +
                                            std::to_string(want.host_port_first) + ": use -p " +
                                            std::to_string(want.container_port) + ":" +
                                            std::to_string(want.container_port) + "/sctp");
  want.host_port_first = want.host_port_last = want.container_port;
  return want;
}

Result<std::vector<PortBinding>> hold_one(Engine& engine, const Network& network,
                                          const Endpoint& endpoint, const PortRequest& asked,
                                          bool ipv6, const Taken& taken, Undo& undo) {
  if (asked.container_port == 0 || asked.host_port_last < asked.host_port_first)
    return fail(Errc::invalid_argument,
                "port range " + std::to_string(asked.host_port_first) + "-" +
                    std::to_string(asked.host_port_last) + " to container port " +
                    std::to_string(asked.container_port) + " makes no sense");
  auto want = same_number_for_sctp(asked);
  if (!want) return std::unexpected(std::move(want).error());
  std::vector<Address> addresses = host_addresses(*want, network, ipv6);
  std::erase_if(addresses, [&](const Address& address) {
    return !container_address(endpoint, address.family());
  });
  if (addresses.empty())
    return fail(Errc::invalid_argument, "container port " + std::to_string(want->container_port) +
                                            " cannot be published on an IPv4 address: the "
                                            "container has IPv6 only");

  if (const auto port = kept_port(*want, endpoint, addresses, taken))
    return bindings(*want, endpoint, addresses, *port);

  auto port = engine.host_ports.hold(want->protocol, addresses, want->host_port_first,
                                     want->host_port_last, claim_of(endpoint));
  if (!port) return std::unexpected(std::move(port).error());
  undo.add([&engine, protocol = want->protocol, addresses, number = *port] {
    for (const Address& address : addresses) engine.host_ports.release(protocol, address, number);
  });
  return bindings(*want, endpoint, addresses, *port);
}

void release(Engine& engine, const std::vector<PortBinding>& ranges, const Taken& kept) {
  for (const PortBinding& range : ranges)
    for (unsigned n = 0; n < range.count; ++n)
      if (const PortBinding port = nth_port(range, n); !kept.has(port))
        engine.host_ports.release(port.protocol, port.host_address, port.host_port);
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
  Taken taken;
  std::vector<PortBinding> single;
  for (const PortRequest& want : ports) {
    auto held = hold_one(engine, *network, *endpoint, want, ipv6, taken, undo);
    if (!held) return std::unexpected(std::move(held).error());
    for (const PortBinding& port : *held) {
      taken.add(port);
      single.push_back(port);
    }
  }

  const int device = engine.state.devices.at(key);
  undo.add([&engine, net = *network, old = *endpoint, device] {
    (void)engine.datapath.put_ports(net, old, device, with_rules(engine, net, old, old.ports));
  });
  endpoint->ports = as_ranges(single);
  if (auto done = engine.datapath.put_ports(
          *network, *endpoint, device, with_rules(engine, *network, *endpoint, endpoint->ports));
      !done)
    return fail(std::move(done).error(), what);
  if (auto done = serve_local_clients(engine, endpoint->ports); !done)
    return fail(std::move(done).error(), what);
  if (auto done = engine.store.apply({*endpoint}); !done)
    return fail(std::move(done).error(), what);
  undo.commit();

  engine.state.endpoints[key] = *endpoint;
  release(engine, before, taken);
  return endpoint->ports;
}

Status unpublish(Engine& engine, const std::string& network, const std::string& key) {
  const auto endpoint = find_endpoint(engine.state, network, key);
  if (!endpoint || endpoint->ports.empty()) return {};

  Problems problems("unpublish ports of " + endpoint_name(engine.state, key));
  problems.add(engine.datapath.erase_ports(*endpoint, endpoint->ports));
  release(engine, endpoint->ports, Taken());
  Endpoint after = *endpoint;
  after.ports.clear();
  problems.add(engine.store.apply({after}));
  engine.state.endpoints[key] = after;
  return problems.status();
}

}  // namespace fairlead::engine
