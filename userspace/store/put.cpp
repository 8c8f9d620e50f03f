#include <string>

#include "store/rows.h"
#include "store/time_text.h"

namespace fairlead::store {

namespace {

std::optional<std::string> text_of(const std::optional<Prefix>& prefix) {
  if (!prefix) return std::nullopt;
  return prefix->to_string();
}

std::optional<std::string> pool_of(const std::optional<Subnet>& subnet) {
  if (!subnet) return std::nullopt;
  return subnet->pool.to_string();
}

std::optional<std::string> gateway_of(const std::optional<Subnet>& subnet) {
  if (!subnet || !subnet->gateway) return std::nullopt;
  return subnet->gateway->to_string();
}

// "Never" is NULL, not 1970.
std::optional<std::string> text_of(TimePoint time) {
  if (time == TimePoint{}) return std::nullopt;
  return to_text(time);
}

std::string name_of(ipam::Use use) {
  switch (use) {
    case ipam::Use::gateway:
      return "gateway";
    case ipam::Use::endpoint:
      return "endpoint";
    case ipam::Use::lent:
      return "lent";
    case ipam::Use::cooling:
      return "cooling";
  }
  return "unknown";  // the table's CHECK refuses it
}

std::int64_t flag(bool value) { return value ? 1 : 0; }

// Four columns, always in this order.
Statement& bind_rate(Statement& statement, const Rate& rate) {
  for (const auto value : {rate.egress, rate.ingress, rate.egress_burst, rate.ingress_burst})
    statement.bind(static_cast<std::int64_t>(value));
  return statement;
}

Status put_ports(Statements& statements, const Endpoint& endpoint) {
  if (auto done = run(statements, "DELETE FROM port WHERE endpoint = ?", endpoint.key); !done) {
    return done;
  }
  auto statement = statements.get("INSERT INTO port VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return std::unexpected(std::move(statement).error());
  std::int64_t position = 0;
  for (const auto& port : endpoint.ports) {
    (*statement)
        ->bind(endpoint.key)
        .bind(position++)
        .bind(to_string(port.protocol))
        .bind(port.host_address.to_string())
        .bind(std::int64_t{port.host_port})
        .bind(port.container_address.to_string())
        .bind(std::int64_t{port.container_port})
        .bind(std::int64_t{port.count});
    if (auto done = (*statement)->run(); !done) return done;
  }
  return {};
}

Status put_blocks(Statements& statements, const ipam::Pool& pool) {
  if (auto done = run(statements, "DELETE FROM block WHERE pool = ?", pool.id); !done) return done;
  std::int64_t position = 0;
  for (const auto& block : pool.blocks) {
    auto done = run(statements, "INSERT INTO block VALUES (?, ?, ?)", pool.id, position++,
                    block.to_string());
    if (!done) return done;
  }
  return {};
}

}  // namespace

Status put(Statements& statements, const Network& network) {
  // Not INSERT OR REPLACE: it would silently delete another network that has the same id.
  auto statement = statements.get(
      "INSERT INTO network VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (key) DO UPDATE SET id = excluded.id, v4_pool = excluded.v4_pool, v4_gateway = "
      "excluded.v4_gateway, "
      "v6_pool = excluded.v6_pool, v6_gateway = excluded.v6_gateway, mtu = excluded.mtu, "
      "interface_prefix = excluded.interface_prefix, host_binding_v4 = excluded.host_binding_v4, "
      "internal = excluded.internal, icc = excluded.icc, masquerade = excluded.masquerade, "
      "shared = excluded.shared, routed = excluded.routed, shortcut = excluded.shortcut, "
      "rate_egress = excluded.rate_egress, rate_ingress = excluded.rate_ingress, "
      "burst_egress = excluded.burst_egress, burst_ingress = excluded.burst_ingress, "
      "made_for_attachment = excluded.made_for_attachment");
  if (!statement) return std::unexpected(std::move(statement).error());
  (*statement)
      ->bind(network.key)
      .bind(std::int64_t{network.id})
      .bind_or_null(pool_of(network.v4))
      .bind_or_null(gateway_of(network.v4))
      .bind_or_null(pool_of(network.v6))
      .bind_or_null(gateway_of(network.v6))
      .bind(std::int64_t{network.mtu})
      .bind(network.interface_prefix)
      .bind(network.host_binding_v4.to_string())
      .bind(flag(network.internal))
      .bind(flag(network.icc))
      .bind(flag(network.masquerade))
      .bind(network.shared)
      .bind(flag(network.routed))
      .bind(flag(network.shortcut));
  bind_rate(**statement, network.rate).bind(flag(network.made_for_attachment));
  if (auto done = (*statement)->run(); !done) return done;
  return put_policy(statements, network.key, network.publish);
}

Status put(Statements& statements, const Endpoint& endpoint) {
  auto statement = statements.get(
      "INSERT OR REPLACE INTO endpoint VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return std::unexpected(std::move(statement).error());
  (*statement)
      ->bind(endpoint.key)
      .bind(endpoint.network)
      .bind_or_null(text_of(endpoint.v4))
      .bind_or_null(text_of(endpoint.v6))
      .bind(endpoint.mac.to_string())
      .bind(endpoint.host_device)
      .bind(endpoint.container_device)
      .bind(endpoint.sandbox)
      .bind(flag(endpoint.joined));
  auto done = bind_rate(**statement, endpoint.rate).run();
  if (done) done = put_policy(statements, endpoint.key, endpoint.publish);
  if (done) done = put_attachment(statements, endpoint.key, endpoint.attachment);
  return done ? put_ports(statements, endpoint) : done;
}

Status put(Statements& statements, const ipam::Pool& pool) {
  auto statement = statements.get("INSERT OR REPLACE INTO pool VALUES (?, ?, ?, ?, ?, ?)");
  if (!statement) return std::unexpected(std::move(statement).error());
  auto done = (*statement)
                  ->bind(pool.id)
                  .bind(pool.space)
                  .bind(pool.prefix.to_string())
                  .bind_or_null(text_of(pool.range))
                  .bind_or_null(text_of(pool.created))
                  .bind(pool.shared)
                  .run();
  if (!done) return done;
  return put_blocks(statements, pool);
}

Status put(Statements& statements, const ipam::Lease& lease) {
  auto statement = statements.get("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?)");
  if (!statement) return std::unexpected(std::move(statement).error());
  return (*statement)
      ->bind(lease.pool)
      .bind(lease.address.to_string())
      .bind(name_of(lease.use))
      .bind_or_null(text_of(lease.since))
      .bind_or_null(text_of(lease.until))
      .run();
}

}  // namespace fairlead::store
