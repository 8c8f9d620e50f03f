#include "api/codec_attachments.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "api/codec_fields.h"
#include "api/codec_parts.h"
#include "engine/network_options.h"

namespace fairlead::api {

using nlohmann::json;

namespace {

constexpr std::uint64_t kHighestPort = 65535;
constexpr std::uint64_t kHighestMtu = 65535;
// Of what SQLite and JSON numbers hold.
constexpr std::uint64_t kHighestRate = std::numeric_limits<std::int64_t>::max();

// "10.9.0.5", or with a length, which the network knows better.
Result<Address> parse_plain(std::string_view text) {
  return Address::parse(text.substr(0, text.find('/')));
}

Result<Protocol> parse_protocol(std::string_view text) {
  for (const Protocol each : {Protocol::tcp, Protocol::udp, Protocol::sctp})
    if (text == to_string(each)) return each;
  return fail(Errc::invalid_argument, "must be tcp, udp or sctp");
}

engine::NetworkWish::Family family_of(Fields& fields) {
  return {.subnet = fields.parsed<Prefix>("subnet", Prefix::parse),
          .gateway = fields.parsed<Address>("gateway", Address::parse),
          .range = fields.parsed<Prefix>("range", Prefix::parse)};
}

// An MTU of its own wins over the option's.
void read_options(Fields& fields, engine::NetworkWish& out) {
  const auto mtu = out.options.mtu;
  if (!out.no_v4) out.options.v4.emplace();  // which families there are is all that counts here
  if (out.v6) out.options.v6.emplace();
  if (auto done = engine::apply_network_options(out.options, fields.words("options")); !done)
    fields.refuse("options", done.error().message());
  if (mtu) out.options.mtu = mtu;
  out.options.v4.reset();
  out.options.v6.reset();
}

void read_network(Fields& fields, engine::NetworkWish& out) {
  out.name = fields.required_text("name");
  if (const auto mtu = fields.number("mtu", kHighestMtu); mtu != 0)
    out.options.mtu = static_cast<std::uint32_t>(mtu);
  out.options.internal = fields.flag("internal");
  out.no_v4 = fields.is_false("ipv4");
  if (out.no_v4)
    static_cast<void>(fields.flag("ipv4"));
  else
    fields.object("ipv4", [&](Fields& part) { out.v4 = family_of(part); });
  fields.object("ipv6", [&](Fields& part) { out.v6 = family_of(part); });
  read_options(fields, out);
}

PortRequest port_of(Fields& fields, std::uint16_t& count) {
  PortRequest out;
  out.protocol = fields.parsed<Protocol>("protocol", parse_protocol).value_or(Protocol::tcp);
  out.host_address = fields.parsed<Address>("host_address", Address::parse);
  if (out.host_address && out.host_address->is_any() && out.host_address->family() == Family::v4)
    out.host_address.reset();  // as without: every address
  const auto host = static_cast<std::uint16_t>(fields.number("host_port", kHighestPort));
  out.host_port_first = out.host_port_last = host;
  out.container_port = static_cast<std::uint16_t>(fields.number("container_port", kHighestPort));
  if (out.container_port == 0) fields.refuse("container_port", "must be a port from 1 to 65535");
  count =
      static_cast<std::uint16_t>(std::max<std::uint64_t>(1, fields.number("count", kHighestPort)));
  if (host + count - 1 > static_cast<int>(kHighestPort) ||
      out.container_port + count - 1 > static_cast<int>(kHighestPort))
    fields.refuse("count", "the range goes beyond port 65535");
  return out;
}

// A range is as many single ports, in a row.
void read_port(Fields& fields, std::vector<PortRequest>& out) {
  std::uint16_t count = 1;
  PortRequest port = port_of(fields, count);
  for (unsigned n = 0; n < count; ++n) {
    out.push_back(port);
    ++port.container_port;
    if (port.host_port_first == 0) continue;
    ++port.host_port_first;
    ++port.host_port_last;
  }
}

Rate rate_of(Fields& fields) {
  return {.egress = fields.number("egress", kHighestRate),
          .ingress = fields.number("ingress", kHighestRate),
          .egress_burst = fields.number("egress_burst", kHighestRate),
          .ingress_burst = fields.number("ingress_burst", kHighestRate)};
}

void read_addresses(Fields& fields, engine::AttachRequest& out) {
  for (const std::string& text : fields.texts("addresses")) {
    auto address = parse_plain(text);
    if (!address)
      fields.refuse("addresses", address.error().message());
    else if (std::ranges::find(out.addresses, address->family(), &Address::family) !=
             out.addresses.end())
      fields.refuse("addresses", "more than one of a family: a container has one on a network");
    else
      out.addresses.push_back(*address);
  }
  fields.objects("given", [&](Fields& part) {
    const auto address = part.parsed<Prefix>("address", Prefix::parse);
    const auto gateway = part.parsed<Address>("gateway", Address::parse);
    if (address)
      out.given.push_back({.address = *address, .gateway = gateway});
    else
      part.refuse("address", "must be an address with its length");
  });
}

void read_routes(Fields& fields, engine::AttachRequest& out) {
  std::vector<ContainerRoute> routes;
  const bool given = fields.objects("routes", [&](Fields& part) {
    const auto to = part.parsed<Prefix>("to", Prefix::parse);
    const auto via = part.parsed<Address>("via", Address::parse);
    if (to && (!via || via->family() == to->family()))
      routes.push_back({.to = to->network(), .via = via});
    else
      part.refuse("to", "must be a prefix, of the same family as \"via\"");
  });
  if (given) out.routes = std::move(routes);
}

void read_container(Fields& fields, Attachment& out) {
  out.config = fields.required_text("config");
  out.container = fields.required_text("container");
  out.interface = fields.required_text("interface");
  out.name = fields.text("name");
  out.aliases = fields.texts("aliases");
  out.labels = fields.words("labels");
  out.holds_ports = fields.flag("holds_ports");
}

engine::AttachmentKey key_of(Fields& fields, const std::string& config) {
  return {.config = config,
          .container = fields.required_text("container"),
          .interface = fields.text("interface")};
}

json text_or_null(const std::optional<Address>& address) {
  return address ? json(address->to_string()) : json(nullptr);
}

json addresses_of(const engine::Attached& attached) {
  json out = json::array();
  const Endpoint& endpoint = attached.endpoint;
  if (endpoint.v4)
    out.push_back(
        {{"address", endpoint.v4->to_string()}, {"gateway", text_or_null(attached.gateway_v4)}});
  if (endpoint.v6)
    out.push_back(
        {{"address", endpoint.v6->to_string()}, {"gateway", text_or_null(attached.gateway_v6)}});
  return out;
}

}  // namespace

Result<engine::AttachRequest> parse_attach(std::string_view body) {
  auto fields = Fields::parse(body);
  if (!fields) return std::unexpected(std::move(fields).error());
  engine::AttachRequest out;
  read_container(*fields, out.attachment);
  out.sandbox = fields->text("sandbox");
  if (!fields->object("network", [&](Fields& part) { read_network(part, out.network); }))
    fields->refuse("network", "must be an object");
  read_addresses(*fields, out);
  out.mac = fields->parsed<Mac>("mac", Mac::parse);
  read_routes(*fields, out);
  fields->objects("ports", [&](Fields& part) { read_port(part, out.ports); });
  fields->object("rate", [&](Fields& part) { out.rate = rate_of(part); });
  if (auto done = fields->end(); !done) return std::unexpected(std::move(done).error());
  return out;
}

Result<engine::AttachmentKey> parse_attachment_key(std::string_view body) {
  auto fields = Fields::parse(body);
  if (!fields) return std::unexpected(std::move(fields).error());
  const auto out = key_of(*fields, fields->required_text("config"));
  if (auto done = fields->end(); !done) return std::unexpected(std::move(done).error());
  return out;
}

Result<Collect> parse_collect(std::string_view body) {
  auto fields = Fields::parse(body);
  if (!fields) return std::unexpected(std::move(fields).error());
  Collect out{.config = fields->required_text("config"), .valid = {}};
  // Without a list it would be "none is valid", and every container lost its network.
  if (!fields->objects("valid",
                       [&](Fields& part) { out.valid.push_back(key_of(part, out.config)); }))
    fields->refuse("valid", "must be a list");
  if (auto done = fields->end(); !done) return std::unexpected(std::move(done).error());
  return out;
}

std::string format_attached(const engine::Attached& attached) {
  const Endpoint& endpoint = attached.endpoint;
  json routes = json::array();
  for (const ContainerRoute& route : endpoint.attachment->routes)
    routes.push_back({{"to", route.to.to_string()}, {"via", text_or_null(route.via)}});
  return document("attachment", {{"id", endpoint.key},
                                 {"network", attached.network},
                                 {"network_id", attached.network_key},
                                 {"device", endpoint.host_device},
                                 {"device_mac", attached.device_mac.to_string()},
                                 {"interface", endpoint.container_device},
                                 {"mac", endpoint.mac.to_string()},
                                 {"mtu", attached.mtu},
                                 {"sandbox", endpoint.sandbox},
                                 {"addresses", addresses_of(attached)},
                                 {"routes", std::move(routes)}});
}

std::string format_detached() { return document("detached", json::object()); }

std::string format_collected(const engine::Collected& collected) {
  return document("collected", {{"removed", collected.removed}, {"problems", collected.problems}});
}

std::string format_ready(const std::vector<std::string>& problems) {
  return document("ready", {{"ready", true}, {"problems", problems}});
}

}  // namespace fairlead::api
