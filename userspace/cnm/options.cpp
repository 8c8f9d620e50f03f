#include "cnm/options.h"

#include "base/quote.h"
#include "engine/network_options.h"
#include "model/publish_options.h"
#include "model/rate.h"

namespace fairlead::cnm {

namespace {

Result<Subnet> subnet(const PoolData& data, Family family) {
  auto pool = Prefix::parse(data.pool);
  if (!pool) return fail(std::move(pool).error(), "subnet");
  if (pool->family() != family)
    return fail(Errc::invalid_argument, "subnet " + pool->to_string() + " is of the wrong family");
  if (pool->length() == 0)
    return fail(Errc::invalid_argument,
                "the network needs a subnet, and --ipam-driver null gives none: leave the option "
                "out, or use --ipam-driver fairlead");

  Subnet out{.pool = pool->network(), .gateway = {}};
  if (!data.gateway.empty()) {
    auto gateway = Address::parse(std::string_view(data.gateway).substr(0, data.gateway.find('/')));
    if (!gateway) return fail(std::move(gateway).error(), "gateway");
    out.gateway = *gateway;
  }
  return out;
}

Result<std::optional<Subnet>> only_subnet(const std::vector<PoolData>& pools, Family family) {
  if (pools.empty()) return std::nullopt;
  if (pools.size() > 1) {
    std::string all;
    for (const PoolData& data : pools) all += (all.empty() ? "" : ", ") + data.pool;
    return fail(Errc::invalid_argument,
                "more than one IPv" + std::string(family == Family::v4 ? "4" : "6") + " subnet (" +
                    all + "): a fairlead network has one of each family");
  }
  auto only = subnet(pools.front(), family);
  if (!only) return std::unexpected(std::move(only).error());
  return *only;
}

}  // namespace

Status apply_endpoint_options(engine::EndpointRequest& request,
                              const std::map<std::string, std::string>& options) {
  for (const auto& [name, text] : options)
    if (!is_publish_option(name) && !is_rate_option(name))
      return fail(Errc::invalid_argument, "unknown option " + fairlead::quoted(name) +
                                              " of an endpoint: there fairlead takes " +
                                              std::string(kPublishOptions) + ", " +
                                              std::string(kRateOptions));
  auto policy = publish_policy(options);
  if (!policy) return std::unexpected(std::move(policy).error());
  request.publish = std::move(*policy);
  auto rate = rate_options(options);
  if (!rate) return std::unexpected(std::move(rate).error());
  request.rate = *rate;
  return {};
}

Result<engine::NetworkRequest> network_request(const CreateNetwork& want) {
  engine::NetworkRequest out{.key = want.id, .v4 = {}, .v6 = {}, .mtu = {}};
  out.internal = want.internal;
  if (want.enable_v4.value_or(true)) {
    auto v4 = only_subnet(want.v4, Family::v4);
    if (!v4) return std::unexpected(std::move(v4).error());
    out.v4 = *v4;
  }
  if (want.enable_v6.value_or(true)) {
    auto v6 = only_subnet(want.v6, Family::v6);
    if (!v6) return std::unexpected(std::move(v6).error());
    out.v6 = *v6;
  }
  if (auto done = engine::apply_network_options(out, want.generic); !done)
    return std::unexpected(std::move(done).error());
  return out;
}

}  // namespace fairlead::cnm
