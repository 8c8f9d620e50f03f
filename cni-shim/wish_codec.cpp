// Of the configuration, what ADD asks for.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "cni-shim/config.h"
#include "cni-shim/fields_codec.h"
#include "cni-shim/runtime_codec.h"

namespace fairlead::cni {

namespace {

using nlohmann::json;

// Ours, then what runtimes and libcni add, then what podman writes for its bridge.
constexpr std::string_view kKeys[] = {
    "network",       "subnet", "gateway",      "range",        "ipv4",
    "ipv6",          "mtu",    "internal",     "options",      "socket",
    "state_dir",     "routes", "dns",          "capabilities", "ipam",
    "name",          "type",   "cniVersion",   "cniVersions",  "prevResult",
    "runtimeConfig", "args",   "disableCheck", "disableGC",    "loadOnlyInlinedPlugins",
    "isGateway",     "ipMasq", "hairpinMode",  "forceAddress"};

constexpr std::uint64_t kMaxMtu = 65535;

void check_keys(const json& document, const Fields& fields) {
  for (const auto& [key, value] : document.items()) {
    // With a dot or slash: some other project's, by the specification.
    if (value.is_null() || key.find_first_of("./") != std::string::npos) continue;
    if (std::ranges::find(kKeys, key) == std::end(kKeys))
      fields.complain(
          fairlead::quoted(key),
          "is no setting of fairlead-cni; its value is " + fairlead::quoted(dump(value)),
          Code::unsupported_field);
  }
  const Fields ipam = fields.object("ipam");
  const std::string type = ipam.string("type");
  if (type.empty() || type == "fairlead") ipam.allow_only({"type"});
}

FamilyWish read_family(const Fields& fields) {
  return {.subnet = fields.string("subnet"),
          .gateway = fields.string("gateway"),
          .range = fields.string("range")};
}

// An object; or true, for addresses that fairlead chooses; or false.
std::optional<FamilyWish> read_ipv6(const Fields& fields) {
  const json* value = fields.find("ipv6");
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean())
    return value->get<bool>() ? std::optional<FamilyWish>(FamilyWish{}) : std::nullopt;
  const Fields family = fields.object("ipv6");
  family.allow_only({"subnet", "gateway", "range"});
  return read_family(family);
}

NetworkWish read_network(const Fields& fields, const Config& config) {
  NetworkWish out{.name = fields.string("network"),
                  .ipv4 = read_family(fields),
                  .ipv6 = read_ipv6(fields),
                  .internal = fields.boolean("internal"),
                  .options = fields.texts("options")};
  if (out.name.empty()) out.name = config.name;
  out.no_ipv4 = !fields.boolean("ipv4").value_or(true);
  const auto mtu = fields.number("mtu", kMaxMtu);
  if (mtu != 0) out.mtu = static_cast<std::uint32_t>(mtu);
  return out;
}

}  // namespace

std::vector<Route> read_routes(const Fields& fields) {
  std::vector<Route> out;
  for (const Fields& each : fields.objects("routes")) {
    each.allow_only({"dst", "gw"});
    out.push_back({.to = each.string("dst"), .via = each.string("gw")});
    if (out.back().to.empty()) each.complain("dst", "is missing", Code::config);
  }
  return out;
}

Outcome<AttachWish> parse_wish(const Config& config, const Invocation& call,
                               const IpamResult* ipam) {
  const auto document = parse_object(config.text, "the network configuration");
  if (!document) return std::unexpected(document.error());
  std::optional<Failure> problem;
  const Fields fields(&*document, "", problem);
  check_keys(*document, fields);

  AttachWish out{.key = {config.name, call.container, call.interface},
                 .sandbox = call.netns,
                 .network = read_network(fields, config),
                 .labels = call.labels,
                 .addresses = call.addresses,
                 .mac = call.mac};
  if (const auto name = call.labels.find("K8S_POD_NAME"); name != call.labels.end())
    out.name = name->second;
  read_args(fields.object("args"), out);
  read_runtime(*document, out, problem);
  if (fields.find("routes") != nullptr) out.routes = read_routes(fields);
  if (ipam != nullptr) {
    out.given = ipam->addresses;
    out.addresses.clear();  // the other IPAM was asked for them
    if (!out.routes) out.routes = ipam->routes;
  }
  if (problem) return std::unexpected(*std::move(problem));
  return out;
}

Outcome<IpamResult> parse_ipam_result(std::string_view text) {
  const auto document = parse_object(text, "the answer of the IPAM plugin");
  if (!document) return std::unexpected(document.error());
  std::optional<Failure> problem;
  const Fields fields(&*document, "of the IPAM plugin's answer, ", problem);
  IpamResult out;
  for (const Fields& each : fields.objects("ips"))
    out.addresses.push_back({.address = each.string("address"), .gateway = each.string("gateway")});
  if (auto routes = read_routes(fields); !routes.empty()) out.routes = std::move(routes);
  if (const json* dns = fields.find("dns"); dns != nullptr && dns->is_object() && !dns->empty())
    out.dns = dump(*dns);
  if (!problem && out.addresses.empty()) fields.complain("ips", "has no address", Code::config);
  if (problem) return std::unexpected(*std::move(problem));
  return out;
}

}  // namespace fairlead::cni
