#include "cni-shim/netavark_codec.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "cni-shim/environment.h"
#include "cni-shim/fields_codec.h"
#include "cni-shim/lease_range.h"

namespace fairlead::cni {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxPort = 65535;
constexpr std::uint32_t kMaxMtu = 65535;
constexpr const char* kRates[] = {"fairlead.rate.egress", "fairlead.rate.ingress"};

// What is read below, and what makes no difference; the daemon knows the rest of ours and Docker's.
bool is_known_option(const std::string& name) {
  return name == "mtu" || name == "no_default_route" || name == "isolate" ||
         name.starts_with("fairlead.") || name.starts_with("com.docker.network.");
}

bool is_yes(const std::string& text) { return text == "true" || text == "1"; }

template <typename Number>
std::optional<Number> number_of(const std::string& text) {
  Number out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

void read_options(const Fields& network, AttachWish& out) {
  const Fields options = network.object("options");
  bool default_route = true;
  for (auto& [name, value] : network.texts("options")) {
    if (!is_known_option(name)) {
      options.complain(fairlead::quoted(name),
                       "is unknown: fairlead knows mtu, no_default_route, fairlead... and "
                       "com.docker.network...",
                       Code::config);
    } else if (name == "mtu") {
      out.network.mtu = number_of<std::uint32_t>(value);
      if (!out.network.mtu || *out.network.mtu > kMaxMtu)
        options.complain(name, "is " + fairlead::quoted(value) + ", which is no MTU", Code::config);
      if (out.network.mtu == 0U) out.network.mtu.reset();
    } else if (name == "no_default_route") {
      default_route = !is_yes(value);
    } else if (name == "isolate") {
      if (!is_yes(value) && value != "strict")
        options.complain(name,
                         "cannot be " + fairlead::quoted(value) +
                             ": fairlead's networks are isolated from each other",
                         Code::config);
    } else {
      out.network.options[name] = value;
    }
  }
  if (!default_route) out.routes.emplace();
}

void read_subnet(const Fields& subnet, NetworkWish& out) {
  FamilyWish family{.subnet = subnet.string("subnet"), .gateway = subnet.string("gateway")};
  const Fields range = subnet.object("lease_range");
  auto prefix = prefix_of_range(family.subnet, range.string("start_ip"), range.string("end_ip"));
  if (prefix)
    family.range = *std::move(prefix);
  else
    subnet.complain("lease_range", prefix.error().message, Code::config);

  const bool v6 = family.subnet.find(':') != std::string::npos;
  const bool again = v6 ? out.ipv6 && !out.ipv6->subnet.empty() : !out.ipv4.subnet.empty();
  if (again)
    subnet.complain("subnet", "is the second of its family: fairlead's networks have one each",
                    Code::config);
  if (v6)
    out.ipv6 = std::move(family);
  else
    out.ipv4 = std::move(family);
}

// Besides the default routes, not instead.
void read_routes(const Fields& network, AttachWish& out) {
  const auto routes = network.objects("routes");
  if (routes.empty()) return;
  const bool internal = out.network.internal.value_or(false);
  if (!out.routes) {
    out.routes.emplace();
    if (!internal && !out.network.no_ipv4) out.routes->push_back({"0.0.0.0/0", ""});
    if (!internal && out.network.ipv6) out.routes->push_back({"::/0", ""});
  }
  for (const Fields& each : routes) {
    if (each.find("metric") != nullptr) each.complain("metric", "is not supported", Code::config);
    out.routes->push_back({.to = each.string("destination"), .via = each.string("gateway")});
  }
}

void read_network(const Fields& network, AttachWish& out) {
  out.network.name = network.string("name");
  out.key.config = network.string("id");
  out.network.internal = network.boolean("internal");
  if (network.boolean("ipv6_enabled").value_or(false)) out.network.ipv6.emplace();
  const auto subnets = network.objects("subnets");
  for (const Fields& each : subnets) read_subnet(each, out.network);
  out.network.no_ipv4 = !subnets.empty() && out.network.ipv4.subnet.empty();
  read_options(network, out);
  read_routes(network, out);
  if (!is_identifier(out.network.name))
    network.complain("name", "is missing or no name of a network", Code::config);
  if (out.key.config.empty()) network.complain("id", "is missing", Code::config);
  if (!network.string("network_interface").empty())
    network.complain("network_interface",
                     "is set, and fairlead's networks have no interface on "
                     "the host",
                     Code::config);
  const std::string ipam = network.object("ipam_options").string("driver");
  if (ipam == "dhcp" || ipam == "none")
    network.complain("ipam_options.driver", "cannot be " + ipam + ": fairlead gives addresses",
                     Code::config);
}

// "tcp,udp" is two.
void read_port(const Fields& fields, std::vector<PortMapping>& out) {
  PortMapping port{
      .host_address = fields.string("host_ip"),
      .host_port = static_cast<std::uint16_t>(fields.number("host_port", kMaxPort)),
      .container_port = static_cast<std::uint16_t>(fields.number("container_port", kMaxPort)),
      .count =
          static_cast<std::uint16_t>(std::max<std::uint64_t>(1, fields.number("range", kMaxPort)))};
  if (port.host_port == 0 || port.container_port == 0)
    fields.complain("host_port", "or container_port is 0", Code::config);
  std::string protocols = fields.string("protocol");
  if (protocols.empty()) protocols = "tcp";
  for (std::size_t begin = 0; begin <= protocols.size();) {
    const std::size_t end = std::min(protocols.find(',', begin), protocols.size());
    port.protocol = protocols.substr(begin, end - begin);
    if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
      fields.complain("protocol",
                      "has " + fairlead::quoted(port.protocol) + ", not tcp, udp or sctp",
                      Code::config);
    out.push_back(port);
    begin = end + 1;
  }
}

void read_container_options(const Fields& options, AttachWish& out) {
  out.key.interface = options.string("interface_name");
  out.aliases = options.strings("aliases");
  out.addresses = options.strings("static_ips");
  out.mac = options.string("static_mac");
  const Fields own = options.object("options");
  for (const auto& [name, value] : options.texts("options")) {
    const auto rate = number_of<std::uint64_t>(value);
    if (name != kRates[0] && name != kRates[1])
      own.complain(fairlead::quoted(name),
                   std::string("is unknown: fairlead knows ") + kRates[0] + " and " + kRates[1],
                   Code::config);
    else if (!rate)
      own.complain(name, "is " + fairlead::quoted(value) + ": it must be bits per second",
                   Code::config);
    else
      (name == kRates[0] ? out.rate.egress : out.rate.ingress) = *rate;
  }
}

void check_key(const Fields& fields, const AttachmentKey& key) {
  if (!is_identifier(key.container))
    fields.complain("container_id", "is missing or no id of a container", Code::config);
  if (!is_interface_name(key.interface))
    fields.complain("network_options.interface_name", "is missing or no name of a link",
                    Code::config);
}

}  // namespace

Outcome<std::string> parse_new_network(std::string_view text) {
  const auto document = parse_object(text, "the network");
  if (!document) return std::unexpected(document.error());
  std::optional<Failure> problem;
  AttachWish wish;
  read_network(Fields(&*document, "", problem), wish);
  if (problem) return std::unexpected(*std::move(problem));
  return wish.network.name;
}

Outcome<std::string> fill_network(std::string_view text, const std::vector<GivenAddress>& subnets) {
  auto document = parse_object(text, "the network");
  if (!document) return std::unexpected(document.error());
  json& out = *document;
  const auto said = out.find("subnets");
  if (!subnets.empty() && (said == out.end() || said->is_null() || said->empty())) {
    out["subnets"] = json::array();
    for (const GivenAddress& each : subnets) {
      json subnet = {{"subnet", each.address}};
      if (!each.gateway.empty()) subnet["gateway"] = each.gateway;
      if (each.address.find(':') != std::string::npos) out["ipv6_enabled"] = true;
      out["subnets"].push_back(std::move(subnet));
    }
  }
  // podman gives addresses of host-local networks itself, knowing nothing of Docker's containers
  // and of other hosts.
  json& ipam = out["ipam_options"];
  if (!ipam.is_object()) ipam = json::object();
  ipam["driver"] = "fairlead";
  return dump(out) + "\n";
}

Outcome<AttachWish> parse_setup(std::string_view text, const std::string& netns) {
  const auto document = parse_object(text, "what netavark sent");
  if (!document) return std::unexpected(document.error());
  std::optional<Failure> problem;
  const Fields fields(&*document, "", problem);
  AttachWish out{.sandbox = netns, .name = fields.string("container_name")};
  read_network(fields.object("network"), out);
  out.key.container = fields.string("container_id");
  read_container_options(fields.object("network_options"), out);
  for (const Fields& each : fields.objects("port_mappings")) read_port(each, out.ports);
  check_key(fields, out.key);
  if (problem) return std::unexpected(*std::move(problem));
  return out;
}

Outcome<AttachmentKey> parse_teardown(std::string_view text) {
  const auto document = parse_object(text, "what netavark sent");
  if (!document) return std::unexpected(document.error());
  std::optional<Failure> problem;
  const Fields fields(&*document, "", problem);
  AttachmentKey out{.config = fields.object("network").string("id"),
                    .container = fields.string("container_id"),
                    .interface = fields.object("network_options").string("interface_name")};
  if (out.config.empty()) fields.complain("network.id", "is missing", Code::config);
  check_key(fields, out);
  if (problem) return std::unexpected(*std::move(problem));
  return out;
}

std::string format_status_block(const std::string& interface, const Attachment& made) {
  json subnets = json::array();
  for (const GivenAddress& address : made.addresses) {
    json each = {{"ipnet", address.address}};
    if (!address.gateway.empty()) each["gateway"] = address.gateway;
    subnets.push_back(std::move(each));
  }
  const json out = {
      {"dns_search_domains", json::array()},
      {"dns_server_ips", json::array()},
      {"interfaces", {{interface, {{"mac_address", made.mac}, {"subnets", std::move(subnets)}}}}}};
  return dump(out) + "\n";
}

std::string format_plugin_info(const std::string& version) {
  return dump({{"version", version}, {"api_version", "1.0.0"}}) + "\n";
}

std::string format_plugin_error(const Failure& failure) {
  return dump({{"error", failure.details.empty() ? failure.message
                                                 : failure.message + ": " + failure.details}}) +
         "\n";
}

}  // namespace fairlead::cni
