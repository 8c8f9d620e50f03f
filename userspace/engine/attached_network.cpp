#include "engine/attached_network.h"

#include <algorithm>

#include "engine/lookup.h"
#include "engine/random_key.h"

namespace fairlead::engine {

namespace {

constexpr const char* kSpace = "local";  // Docker's of this host: pools of both keep off each other

const Network* find_here(const State& state, const std::string& name) {
  if (const auto found = state.networks.find(name); found != state.networks.end())
    return &found->second;
  for (const auto& [key, called] : state.network_names)
    if (called == name)
      if (const auto found = state.networks.find(key); found != state.networks.end())
        return &found->second;
  return nullptr;
}

const cluster::SharedNetwork* find_in_cluster(const Engine& engine, const NetworkWish& want) {
  if (!engine.cluster || want.options.scope == Scope::host) return nullptr;
  for (const auto& [id, network] : engine.cluster->view.networks)
    if (!network.removing && (network.name == want.name || network.id == want.name))
      return &network;
  return nullptr;
}

Status check_same(const std::string& network, const std::optional<Subnet>& has,
                  const NetworkWish::Family& want) {
  if (want.subnet && (!has || has->pool != *want.subnet))
    return fail(Errc::conflict,
                "network " + network + " has " +
                    (has ? "subnet " + has->pool.to_string() : "no subnet of that family") +
                    ", not " + want.subnet->to_string() +
                    ": correct the configuration, or leave its subnet out");
  if (want.gateway && (!has || has->gateway != want.gateway))
    return fail(Errc::conflict, "network " + network + " has another gateway than " +
                                    want.gateway->to_string() +
                                    ": correct the configuration, or leave its gateway out");
  return {};
}

// What the configuration says of a network that is there.
Status check_wish(const NetworkWish& want, const std::optional<Subnet>& v4,
                  const std::optional<Subnet>& v6) {
  if (auto same = check_same(want.name, v4, want.v4); !same) return same;
  return want.v6 ? check_same(want.name, v6, *want.v6) : Status();
}

// A pool, and the gateway from it.
Result<Subnet> lease_subnet(Engine& engine, const PoolRequest& want,
                            const std::optional<Address>& gateway, Undo& undo) {
  auto pool = request_pool(engine, want);
  if (!pool) return std::unexpected(std::move(pool).error());
  undo.add([&engine, id = pool->id] { (void)release_pool(engine, id); });
  auto first = request_address(engine, pool->id, gateway, ipam::Use::gateway);
  if (!first) return std::unexpected(std::move(first).error());
  return Subnet{.pool = pool->prefix, .gateway = first->address()};
}

Status lease_subnets(Engine& engine, const NetworkWish& want, NetworkRequest& request, Undo& undo) {
  const auto lease = [&](Family family, const NetworkWish::Family& wish) -> Result<Subnet> {
    return lease_subnet(
        engine,
        {.pool = {.space = kSpace, .prefix = wish.subnet, .range = wish.range, .family = family},
         .scope = request.scope,
         .shared_name = {}},
        wish.gateway, undo);
  };
  if (!want.no_v4) {
    auto subnet = lease(Family::v4, want.v4);
    if (!subnet) return std::unexpected(std::move(subnet).error());
    request.v4 = *subnet;
  }
  if (want.v6) {
    auto subnet = lease(Family::v6, *want.v6);
    if (!subnet) return std::unexpected(std::move(subnet).error());
    request.v6 = *subnet;
  }
  return {};
}

Status join_subnets(Engine& engine, const cluster::SharedNetwork& shared, NetworkRequest& request,
                    Undo& undo) {
  for (const Family family : {Family::v4, Family::v6}) {
    const auto& theirs = family == Family::v4 ? shared.v4 : shared.v6;
    if (!theirs) continue;
    auto subnet =
        lease_subnet(engine,
                     {.pool = {.space = kSpace, .prefix = {}, .range = {}, .family = family},
                      .scope = Scope::cluster,
                      .shared_name = shared.id},
                     std::nullopt, undo);
    if (!subnet) return std::unexpected(std::move(subnet).error());
    (family == Family::v4 ? request.v4 : request.v6) = *subnet;
  }
  request.shared_name = shared.id;
  return {};
}

void take_subnets(const std::vector<GivenAddress>& given, NetworkRequest& request) {
  for (const GivenAddress& each : given)
    (each.address.family() == Family::v4 ? request.v4 : request.v6) =
        Subnet{.pool = each.address.network(), .gateway = each.gateway};
  request.scope = Scope::host;  // its addresses are nobody's to share
}

Status choose_subnets(Engine& engine, const NetworkWish& want,
                      const std::vector<GivenAddress>& given, const cluster::SharedNetwork* shared,
                      NetworkRequest& request, Undo& undo) {
  if (!given.empty()) {
    take_subnets(given, request);
    return {};
  }
  if (shared != nullptr) return join_subnets(engine, *shared, request, undo);
  return lease_subnets(engine, want, request, undo);
}

Status refuse_foreign_addresses(const std::string& name) {
  return fail(Errc::invalid_argument,
              "network " + name +
                  " is shared by the hosts of a cluster, and an IPAM plugin of one host would give "
                  "an address out twice: leave \"ipam\" out of the configuration");
}

}  // namespace

std::optional<ipam::Pool> pool_of(const Engine& engine, const Network& network, Family family) {
  const auto& subnet = family == Family::v4 ? network.v4 : network.v6;
  if (!subnet) return std::nullopt;
  for (ipam::Pool& pool : engine.ipam.pools())
    if (pool.prefix == subnet->pool) return std::move(pool);
  return std::nullopt;
}

bool is_forgotten(const Engine& engine, const Network& network) {
  if (network.shared.empty() || !engine.cluster) return false;
  const auto record = engine.cluster->view.networks.find(network.shared);
  return record == engine.cluster->view.networks.end() || record->second.removing;
}

Result<Network> network_for(Engine& engine, const NetworkWish& want,
                            const std::vector<GivenAddress>& given, Undo& undo) {
  // One that the cluster has removed meanwhile, and nobody here uses, may have a successor of its
  // name.
  if (const Network* here = find_here(engine.state, want.name);
      here != nullptr && here->made_for_attachment && is_forgotten(engine, *here) &&
      endpoints_of(engine.state, here->key).empty())
    if (auto done = drop_attached_network(engine, Network(*here)); !done)
      return std::unexpected(std::move(done).error());
  if (const Network* here = find_here(engine.state, want.name)) {
    if (!given.empty() && !here->shared.empty())
      return std::unexpected(refuse_foreign_addresses(want.name).error());
    if (auto same = check_wish(want, here->v4, here->v6); !same)
      return std::unexpected(std::move(same).error());
    return *here;
  }
  const cluster::SharedNetwork* shared = find_in_cluster(engine, want);
  if (shared != nullptr) {
    if (!given.empty()) return std::unexpected(refuse_foreign_addresses(want.name).error());
    if (auto same = check_wish(want, shared->v4, shared->v6); !same)
      return std::unexpected(std::move(same).error());
  }

  NetworkRequest request = want.options;
  request.key = random_key();
  request.made_for_attachment = true;
  const std::string what = "make network " + want.name;
  if (auto done = choose_subnets(engine, want, given, shared, request, undo); !done)
    return fail(std::move(done).error(), what);
  if (auto done = create_network(engine, request); !done)
    return fail(std::move(done).error(), what);
  undo.add([&engine, key = request.key] { (void)drop_network(engine, key, /*everywhere=*/false); });
  learn_network_names(engine, {{request.key, want.name}});
  return engine.state.networks.at(request.key);
}

Status drop_attached_network(Engine& engine, const Network& network) {
  Problems problems("remove network " + network_name(engine.state, network.key));
  const auto v4 = pool_of(engine, network, Family::v4);
  const auto v6 = pool_of(engine, network, Family::v6);
  problems.add(drop_network(engine, network.key, /*everywhere=*/false));
  for (const auto* pool : {&v4, &v6})
    if (*pool) problems.add(release_pool(engine, (*pool)->id));
  return problems.status();
}

}  // namespace fairlead::engine
