#include <algorithm>
#include <map>
#include <utility>

#include "base/quote.h"
#include "store/rows.h"
#include "store/time_text.h"

namespace fairlead::store {

namespace {

// Reads the current row of a statement. The first cell that cannot be understood is remembered
// and reported by finish(); reading goes on with default values.
class Row {
 public:
  Row(const Statement& statement, const char* table) : statement_(statement), table_(table) {}

  std::string text(int column) const { return statement_.text(column); }
  bool flag(int column) const { return statement_.integer(column) != 0; }

  template <typename Number>
  Number number(int column) {
    const auto value = statement_.integer(column);
    if (std::in_range<Number>(value)) return static_cast<Number>(value);
    refuse(column, std::to_string(value) + " is too large or negative");
    return {};
  }

  // A parser of text: Address::parse, Prefix::parse, Mac::parse, parse_time.
  template <typename Parse>
  auto parsed(int column, Parse parse) {
    auto value = parse(text(column));
    if (value) return *value;
    refuse(column, value.error().message());
    return typename decltype(value)::value_type{};
  }

  template <typename Parse>
  auto optional(int column, Parse parse) -> std::optional<decltype(parsed(column, parse))> {
    if (statement_.is_null(column)) return std::nullopt;
    return parsed(column, parse);
  }

  TimePoint time(int column) { return optional(column, parse_time).value_or(TimePoint{}); }

  template <typename Enum>
  Enum one_of(int column, std::initializer_list<std::pair<std::string_view, Enum>> names) {
    const std::string name = text(column);
    for (const auto& [known, value] : names) {
      if (known == name) return value;
    }
    refuse(column, fairlead::quoted(name) + " is not a known word");
    return names.begin()->second;
  }

  Status finish(const Database& database) const {
    if (problem_.empty()) return {};
    return fail(Errc::invalid_argument,
                "state file " + database.path().string() + ", table " + table_ + ", row " +
                    fairlead::quoted(text(0)) + ", " + problem_ +
                    "; correct it with sqlite3, or move the file away to start with empty state");
  }

 private:
  void refuse(int column, const std::string& why) {
    if (problem_.empty()) problem_ = "column " + statement_.column_name(column) + ": " + why;
  }

  const Statement& statement_;
  const char* table_;
  std::string problem_;
};

// Calls each(Row&) for every row of `sql`.
template <typename Each>
Status read_rows(const Database& database, const char* table, std::string_view sql, Each each) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(std::move(statement).error());
  for (;;) {
    auto more = statement->step();
    if (!more) return std::unexpected(std::move(more).error());
    if (!*more) return {};
    Row row(*statement, table);
    each(row);
    if (auto fine = row.finish(database); !fine) return fine;
  }
}

std::optional<Subnet> subnet(Row& row, int pool, int gateway) {
  const auto prefix = row.optional(pool, Prefix::parse);
  if (!prefix) return std::nullopt;
  return Subnet{.pool = *prefix, .gateway = row.optional(gateway, Address::parse)};
}

// Four columns in the order of the struct, from `first` on.
Rate rate(Row& row, int first) {
  return {.egress = row.number<std::uint64_t>(first),
          .ingress = row.number<std::uint64_t>(first + 1),
          .egress_burst = row.number<std::uint64_t>(first + 2),
          .ingress_burst = row.number<std::uint64_t>(first + 3)};
}

Network network(Row& row) {
  return {.key = row.text(0),
          .id = row.number<NetworkId>(1),
          .v4 = subnet(row, 2, 3),
          .v6 = subnet(row, 4, 5),
          .mtu = row.number<std::uint32_t>(6),
          .interface_prefix = row.text(7),
          .host_binding_v4 = row.parsed(8, Address::parse),
          .internal = row.flag(9),
          .icc = row.flag(10),
          .masquerade = row.flag(11),
          .routed = row.flag(13),
          .shortcut = row.flag(14),
          .rate = rate(row, 15),
          .shared = row.text(12),
          .made_for_attachment = row.flag(19)};
}

Endpoint endpoint(Row& row) {
  return {.key = row.text(0),
          .network = row.text(1),
          .v4 = row.optional(2, Prefix::parse),
          .v6 = row.optional(3, Prefix::parse),
          .mac = row.parsed(4, Mac::parse),
          .host_device = row.text(5),
          .container_device = row.text(6),
          .sandbox = row.text(7),
          .joined = row.flag(8),
          .rate = rate(row, 9),
          .ports = {},
          .attachment = {}};
}

Protocol protocol(Row& row, int column) {
  return row.one_of<Protocol>(
      column, {{"tcp", Protocol::tcp}, {"udp", Protocol::udp}, {"sctp", Protocol::sctp}});
}

PortBinding port(Row& row) {
  return {.protocol = protocol(row, 1),
          .host_address = row.parsed(2, Address::parse),
          .host_port = row.number<std::uint16_t>(3),
          .container_address = row.parsed(4, Address::parse),
          .container_port = row.number<std::uint16_t>(5),
          .count = row.number<std::uint16_t>(6)};
}

ipam::Pool pool(Row& row) {
  return {.id = row.text(0),
          .space = row.text(1),
          .prefix = row.parsed(2, Prefix::parse),
          .range = row.optional(3, Prefix::parse),
          .created = row.time(4),
          .shared = row.text(5),
          .blocks = {}};
}

ipam::Lease lease(Row& row) {
  return {.pool = row.text(0),
          .address = row.parsed(1, Address::parse),
          .use = row.one_of<ipam::Use>(2, {{"gateway", ipam::Use::gateway},
                                           {"endpoint", ipam::Use::endpoint},
                                           {"lent", ipam::Use::lent},
                                           {"cooling", ipam::Use::cooling}}),
          .until = row.time(4),
          .since = row.time(3)};
}

// The rows of `sql`, which has a key in column 0, by that key.
template <typename Value, typename Parse>
Result<std::map<std::string, std::vector<Value>>> read_by_key(const Database& database,
                                                              const char* table,
                                                              std::string_view sql, Parse parse) {
  std::map<std::string, std::vector<Value>> values;
  auto done =
      read_rows(database, table, sql, [&](Row& row) { values[row.text(0)].push_back(parse(row)); });
  if (!done) return std::unexpected(std::move(done).error());
  return values;
}

// By network or endpoint.
using Policies = std::map<std::string, PublishPolicy>;

Status read_policies(const Database& database, Policies& out) {
  return read_rows(database, "publish_policy",
                   "SELECT owner, port, allow FROM publish_policy ORDER BY owner, port",
                   [&out](Row& row) {
                     auto list = row.parsed(2, parse_sources);
                     PublishPolicy& policy = out[row.text(0)];
                     if (row.text(1).empty())
                       policy.allow = std::move(list);
                     else
                       policy.allow_port[row.parsed(1, parse_container_port)] = std::move(list);
                   });
}

Status read_networks(const Database& database, Policies& policies, std::vector<Network>& out) {
  return read_rows(database, "network",
                   "SELECT key, id, v4_pool, v4_gateway, v6_pool, v6_gateway, mtu, "
                   "interface_prefix, host_binding_v4, internal, icc, masquerade, shared, "
                   "routed, shortcut, rate_egress, rate_ingress, burst_egress, burst_ingress, "
                   "made_for_attachment FROM network ORDER BY key",
                   [&](Row& row) {
                     out.push_back(network(row));
                     out.back().publish = policies[out.back().key];
                   });
}

// By endpoint.
using Attachments = std::map<std::string, Attachment>;

Status read_attachment_words(const Database& database, Attachments& out) {
  enum class Kind { alias, label, route };
  return read_rows(
      database, "attachment_word",
      "SELECT endpoint, kind, word, value FROM attachment_word ORDER BY endpoint, position",
      [&out](Row& row) {
        const auto found = out.find(row.text(0));
        if (found == out.end()) return;
        switch (row.one_of<Kind>(
            1, {{"alias", Kind::alias}, {"label", Kind::label}, {"route", Kind::route}})) {
          case Kind::alias:
            found->second.aliases.push_back(row.text(2));
            break;
          case Kind::label:
            found->second.labels[row.text(2)] = row.text(3);
            break;
          case Kind::route:
            found->second.routes.push_back({.to = row.parsed(2, Prefix::parse), .via = {}});
            if (!row.text(3).empty())
              found->second.routes.back().via = row.parsed(3, Address::parse);
        }
      });
}

Status read_attachments(const Database& database, Attachments& out) {
  auto done = read_rows(database, "attachment",
                        "SELECT endpoint, config, container, interface, name, holds_ports FROM "
                        "attachment",
                        [&out](Row& row) {
                          out[row.text(0)] = {.config = row.text(1),
                                              .container = row.text(2),
                                              .interface = row.text(3),
                                              .name = row.text(4),
                                              .aliases = {},
                                              .labels = {},
                                              .routes = {},
                                              .holds_ports = row.flag(5)};
                        });
  return done ? read_attachment_words(database, out) : done;
}

Status read_endpoints(const Database& database, Policies& policies, std::vector<Endpoint>& out) {
  auto ports = read_by_key<PortBinding>(
      database, "port",
      "SELECT endpoint, protocol, host_address, host_port, container_address, container_port, "
      "count FROM port ORDER BY endpoint, position",
      port);
  if (!ports) return std::unexpected(std::move(ports).error());
  Attachments attachments;
  if (auto done = read_attachments(database, attachments); !done) return done;
  return read_rows(database, "endpoint",
                   "SELECT key, network, v4, v6, mac, host_device, container_device, sandbox, "
                   "joined, rate_egress, rate_ingress, burst_egress, burst_ingress "
                   "FROM endpoint ORDER BY key",
                   [&](Row& row) {
                     out.push_back(endpoint(row));
                     out.back().publish = policies[out.back().key];
                     out.back().ports = std::move((*ports)[out.back().key]);
                     if (const auto its = attachments.find(out.back().key);
                         its != attachments.end())
                       out.back().attachment = std::move(its->second);
                   });
}

Status read_pools(const Database& database, std::vector<ipam::Pool>& out) {
  auto blocks = read_by_key<Prefix>(database, "block",
                                    "SELECT pool, prefix FROM block ORDER BY pool, position",
                                    [](Row& row) { return row.parsed(1, Prefix::parse); });
  if (!blocks) return std::unexpected(std::move(blocks).error());
  return read_rows(database, "pool",
                   "SELECT id, space, prefix, range, created, shared FROM pool ORDER BY id",
                   [&](Row& row) {
                     out.push_back(pool(row));
                     out.back().blocks = std::move((*blocks)[out.back().id]);
                   });
}

Status read_leases(const Database& database, std::vector<ipam::Lease>& out) {
  return read_rows(database, "lease",
                   "SELECT pool, address, use, since, until FROM lease ORDER BY pool, address",
                   [&out](Row& row) { out.push_back(lease(row)); });
}

Status read_port_rules(const Database& database, std::vector<PortRules>& out) {
  auto done = read_rows(
      database, "port_rule",
      "SELECT protocol, address, port, prefix, allow FROM port_rule "
      "ORDER BY protocol, address, port, prefix",
      [&out](Row& row) {
        HostPort port{
            .protocol = protocol(row, 0), .address = {}, .number = row.number<std::uint16_t>(2)};
        if (!row.text(1).empty()) port.address = row.parsed(1, Address::parse);
        if (out.empty() || out.back().port != port) out.push_back({.port = port, .rules = {}});
        out.back().rules.push_back({.prefix = row.parsed(3, Prefix::parse), .allow = row.flag(4)});
      });
  for (PortRules& rules : out) std::ranges::sort(rules.rules);  // not as text
  return done;
}

Status read_cluster(const Database& database, Snapshot& all) {
  auto done = read_rows(
      database, "setting", "SELECT key, value FROM setting ORDER BY key",
      [&all](Row& row) { all.settings.push_back({.key = row.text(0), .value = row.text(1)}); });
  if (!done) return done;
  done = read_rows(database, "cluster_entry",
                   "SELECT key, value, created, modified FROM cluster_entry ORDER BY key",
                   [&all](Row& row) {
                     all.cluster.push_back({.key = row.text(0),
                                            .value = row.text(1),
                                            .created = row.number<std::int64_t>(2),
                                            .modified = row.number<std::int64_t>(3)});
                   });
  if (!done) return done;
  return read_rows(
      database, "peer", "SELECT node, number FROM peer ORDER BY node", [&all](Row& row) {
        all.peers.push_back({.node = row.text(0), .number = row.number<std::uint32_t>(1)});
      });
}

}  // namespace

Result<Snapshot> read_all(const Database& database) {
  Snapshot all;
  Policies policies;
  auto done = read_policies(database, policies);
  if (done) done = read_networks(database, policies, all.networks);
  if (done) done = read_endpoints(database, policies, all.endpoints);
  if (done) done = read_port_rules(database, all.port_rules);
  if (done) done = read_pools(database, all.pools);
  if (done) done = read_leases(database, all.leases);
  if (done) done = read_cluster(database, all);
  if (!done) return std::unexpected(std::move(done).error());
  return all;
}

}  // namespace fairlead::store
