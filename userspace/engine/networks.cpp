// create_network, remove_network.
#include <algorithm>

#include "base/undo.h"
#include "bpf/shared/peer.h"
#include "engine/lookup.h"
#include "engine/shared_networks.h"
#include "engine/shortcut.h"
#include "engine/verbs.h"
#include "model/publish_options.h"

namespace fairlead::engine {

namespace {

constexpr std::uint32_t kSmallestMtuV4 = 68;    // RFC 791
constexpr std::uint32_t kSmallestMtuV6 = 1280;  // RFC 8200 section 5
constexpr std::uint32_t kLargestMtu = 65535;

Status check_subnet(const Subnet& subnet, Family family) {
  const Prefix& pool = subnet.pool;
  const std::string name = pool.to_string();
  if (pool.family() != family)
    return fail(Errc::invalid_argument, "subnet " + name + " is of the other address family");
  if (pool.length() == 0)
    return fail(Errc::invalid_argument,
                "subnet " + name +
                    " is everything: a fairlead network needs a range of its own (--ipam-driver "
                    "null is not supported)");
  if (pool != pool.network())
    return fail(Errc::invalid_argument, "subnet " + name + " has host bits set, did you mean " +
                                            pool.network().to_string() + "?");
  if (pool.address().is_multicast() || pool.address().is_loopback())
    return fail(Errc::invalid_argument, "subnet " + name + " cannot be used for containers");
  if (subnet.gateway && !pool.contains(*subnet.gateway))
    return fail(Errc::invalid_argument,
                "gateway " + subnet.gateway->to_string() + " is outside the subnet " + name);
  return {};
}

Status check_overlap(const Engine& engine, const Prefix& pool,
                     const std::vector<netlink::RouteInfo>& routes) {
  for (const auto& [key, other] : engine.state.networks)
    for (const auto* subnet : {&other.v4, &other.v6})
      if (*subnet && (*subnet)->pool.overlaps(pool))
        return fail(Errc::conflict, "subnet " + pool.to_string() + " overlaps " +
                                        (*subnet)->pool.to_string() + " of network " +
                                        network_name(engine.state, key) +
                                        "; choose another --subnet or none");
  for (const netlink::RouteInfo& route : routes)
    if (route.destination.length() > 0 && pool.contains(route.destination) &&
        route.link != engine.state.host_device.index)
      return fail(Errc::conflict, "subnet " + pool.to_string() +
                                      " would hide the host's own route to " +
                                      route.destination.to_string() +
                                      " (see 'ip route'); choose another --subnet or none");
  return {};
}

Status check(const Engine& engine, const NetworkRequest& want,
             const std::vector<netlink::RouteInfo>& routes) {
  if (want.key.empty()) return fail(Errc::invalid_argument, "network without an id");
  if (!want.v4 && !want.v6) return fail(Errc::invalid_argument, "network without a subnet");
  if (want.internal && want.routed)
    return fail(Errc::invalid_argument,
                "network is --internal and routed: nothing outside reaches an internal network, "
                "leave one out");
  if (want.v4)
    if (auto ok = check_subnet(*want.v4, Family::v4); !ok) return ok;
  if (want.v6)
    if (auto ok = check_subnet(*want.v6, Family::v6); !ok) return ok;
  if (want.mtu) {
    const std::uint32_t least = want.v6 ? kSmallestMtuV6 : kSmallestMtuV4;
    if (*want.mtu < least || *want.mtu > kLargestMtu)
      return fail(Errc::invalid_argument, "MTU " + std::to_string(*want.mtu) + " is not within " +
                                              std::to_string(least) + ".." +
                                              std::to_string(kLargestMtu));
  }
  if (auto ok = check_rate(want.rate); !ok) return ok;
  for (const auto* subnet : {&want.v4, &want.v6})
    if (*subnet)
      if (auto ok = check_overlap(engine, (*subnet)->pool, routes); !ok) return ok;
  return {};
}

// Above those that are the VNI of a network that hosts share.
NetworkId next_id(const State& state) {
  NetworkId highest = FL_VNI_LAST;
  for (const auto& [key, network] : state.networks) highest = std::max(highest, network.id);
  return std::max(highest, state.last_network_id) + 1;
}

Network network_of(const Engine& engine, const NetworkRequest& want, bool shared) {
  std::uint32_t mtu = want.mtu.value_or(default_mtu(engine));
  if (!want.mtu && shared) mtu = std::min(mtu, tunnel_mtu(engine));
  return {.key = want.key,
          .id = next_id(engine.state),
          .v4 = want.v4,
          .v6 = want.v6,
          .mtu = want.v6 ? std::max(mtu, kSmallestMtuV6) : mtu,
          .interface_prefix = want.interface_prefix,
          .host_binding_v4 = want.host_binding_v4,
          .internal = want.internal,
          .icc = want.icc,
          .masquerade = want.masquerade && !want.routed,
          .routed = want.routed,
          .shortcut = want.shortcut,
          .publish = want.publish,
          .rate = want.rate,
          .shared = {},
          .made_for_attachment = want.made_for_attachment};
}

// Who may reach published ports, and how fast containers are, is said once for all hosts, unless
// this one says something else.
Status inherit_policy(Network& network, const std::map<std::string, std::string>& options) {
  if (network.publish != PublishPolicy()) return {};
  auto policy = publish_policy(options);
  if (!policy) return std::unexpected(std::move(policy).error());
  network.publish = std::move(*policy);
  return {};
}

Status inherit_rate(Network& network, const std::map<std::string, std::string>& options) {
  if (network.rate != Rate()) return {};
  auto rate = rate_options(options);
  if (!rate) return std::unexpected(std::move(rate).error());
  network.rate = *rate;
  return {};
}

// In the programs, at the host device, in the store.
Status put_network(Engine& engine, const Network& network, Undo& undo) {
  if (auto done = engine.datapath.put_network(network); !done) return done;
  undo.add([&engine, id = network.id] { (void)engine.datapath.erase_network(id); });
  const int host = engine.state.host_device.index;
  for (const Prefix& gateway : gateways(network)) {
    if (auto done = engine.links.ensure_address(host, gateway, network.mtu); !done) return done;
    undo.add([&engine, host, gateway] { (void)engine.links.remove_address(host, gateway); });
  }
  return engine.store.apply({network});
}

}  // namespace

Status create_network(Engine& engine, const NetworkRequest& want) {
  const std::string what = "create network " + want.key.substr(0, 12);
  if (engine.state.networks.contains(want.key)) return {};

  auto routes = engine.links.routes();
  if (!routes) return fail(std::move(routes).error(), what);
  if (auto ok = check(engine, want, *routes); !ok) return ok;
  auto shared = is_shared(engine, want);
  if (!shared) return std::unexpected(std::move(shared).error());

  Network network = network_of(engine, want, *shared);
  Undo undo;
  if (*shared) {
    auto record = share_network(engine, want);
    if (!record) return fail(std::move(record).error(), what);
    network.id = record->vni;
    network.shared = record->id;
    undo.add([&engine, id = record->id, made = record->id == want.key] {
      give_up_network(engine, id, /*everywhere=*/made);
    });
    for (const auto inherit : {inherit_policy, inherit_rate})
      if (auto done = inherit(network, record->options); !done)
        return fail(std::move(done).error(), what);
  }
  if (auto done = put_network(engine, network, undo); !done)
    return fail(std::move(done).error(), what);
  undo.commit();
  report_shortcut(engine, network);

  if (network.shared.empty()) engine.state.last_network_id = network.id;
  engine.state.networks.emplace(network.key, network);
  // Its gateway addresses are the host's own from now on. What fails here is tried again, and
  // logged, when the kernel's notice of the addresses arrives; the network is made.
  (void)sync_host(engine);
  if (!network.shared.empty()) (void)refresh_network(engine, network.shared);
  return {};
}

Status remove_network(Engine& engine, const std::string& key) {
  for (const std::string& endpoint : endpoints_of(engine.state, key))
    if (engine.state.endpoints.at(endpoint).attachment)
      return fail(Errc::conflict, "network " + network_name(engine.state, key) +
                                      " has containers of another runtime, as " +
                                      endpoint_name(engine.state, endpoint) +
                                      ": end them first ('fairlead endpoints')");
  return drop_network(engine, key, /*everywhere=*/true);
}

Status drop_network(Engine& engine, const std::string& key, bool everywhere) {
  const auto found = engine.state.networks.find(key);
  if (found == engine.state.networks.end()) return {};
  const Network network = found->second;

  Problems problems("remove network " + network_name(engine.state, key));
  for (const std::string& endpoint : endpoints_of(engine.state, key))
    problems.add(remove_endpoint(engine, key, endpoint));
  problems.add(engine.links.remove_retired());
  for (const Prefix& gateway : gateways(network))
    problems.add(engine.links.remove_address(engine.state.host_device.index, gateway));
  engine.state.networks.erase(key);
  engine.state.network_names.erase(key);
  if (!network.shared.empty()) {
    engine.state.shared_problems.erase("name of " + network.shared);
    problems.add(refresh_network(engine, network.shared));
    give_up_network(engine, network.shared, everywhere);
  }
  problems.add(engine.datapath.erase_network(network.id));
  problems.add(
      engine.store.apply({store::EraseNetwork{key}, store::EraseSetting{name_setting(key)}}));
  (void)sync_host(engine);  // again with the kernel's notice, as above
  return problems.status();
}

}  // namespace fairlead::engine
