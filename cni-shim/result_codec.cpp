#include "cni-shim/result_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "cni-shim/fields_codec.h"

namespace fairlead::cni {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestQuote = 300;

// Of a configuration that parse_config() took.
struct Parsed {
  json document;
  json previous;  // an object; null: there is none
};

Outcome<Parsed> parse(const Config& config) {
  auto document = parse_object(config.text, "the network configuration");
  if (!document) return std::unexpected(document.error());
  Parsed out{*std::move(document), nullptr};
  if (const auto found = out.document.find("prevResult"); found != out.document.end())
    out.previous = *found;
  if (out.previous.is_null()) return out;
  if (!out.previous.is_object()) return refuse(Code::decode, "prevResult is not an object");
  for (const char* field : {"interfaces", "ips", "routes"}) {
    const auto list = out.previous.find(field);
    if (list == out.previous.end() || list->is_null()) continue;
    if (!list->is_array() ||
        !std::ranges::all_of(*list, [](const json& each) { return each.is_object(); }))
      return refuse(Code::decode, std::string("prevResult.") + field + " is not a list of objects");
  }
  return out;
}

std::string text_of(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The list, made if it is not there.
json& list_of(json& result, const char* field) {
  json& list = result[field];
  if (list.is_null()) list = json::array();
  return list;
}

const json* find_interface(const json& result, const std::string& name) {
  const auto list = result.find("interfaces");
  if (list == result.end() || !list->is_array()) return nullptr;
  for (const json& each : *list)
    if (text_of(each, "name") == name && !text_of(each, "sandbox").empty()) return &each;
  return nullptr;
}

bool before_1_0(const std::string& version) { return version.starts_with("0."); }

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

json address_json(const GivenAddress& address, std::size_t interface, const std::string& version) {
  json out = {{"address", address.address}, {"interface", interface}};
  if (!address.gateway.empty()) out["gateway"] = address.gateway;
  if (before_1_0(version)) out["version"] = is_v6(address.address) ? "6" : "4";
  return out;
}

json interface_json(const std::string& name, const std::string& mac, std::uint32_t mtu,
                    const std::string& sandbox, const std::string& version) {
  json out = {{"name", name}};
  if (!mac.empty()) out["mac"] = mac;
  if (!sandbox.empty()) out["sandbox"] = sandbox;
  if (version == "1.1.0" && mtu != 0) out["mtu"] = mtu;
  return out;
}

// runtimeConfig.dns, keys in any letter case; null: nothing said.
json runtime_dns(const json& document) {
  std::optional<Failure> ignored;  // add() has looked at it
  const json* runtime = Fields(&document, "", ignored).find("runtimeConfig");
  if (runtime == nullptr || !runtime->is_object()) return nullptr;
  const json* all = Fields(runtime, "", ignored, Fields::Case::any).find("dns");
  if (all == nullptr || !all->is_object()) return nullptr;
  const Fields dns(all, "", ignored, Fields::Case::any);
  json out = json::object();
  const auto put = [&out](const char* name, const std::vector<std::string>& values) {
    if (!values.empty()) out[name] = values;
  };
  put("nameservers", dns.strings("servers"));
  put("search", dns.strings("searches"));
  put("options", dns.strings("options"));
  return out.empty() ? json() : out;
}

// Of whoever says something: the runtime, the configuration, the IPAM plugin.
json choose_dns(const json& document, const IpamResult* ipam) {
  if (json dns = runtime_dns(document); !dns.is_null()) return dns;
  if (const auto dns = document.find("dns");
      dns != document.end() && dns->is_object() && !dns->empty())
    return *dns;
  return ipam == nullptr || ipam->dns.empty() ? json() : json::parse(ipam->dns, nullptr, false);
}

}  // namespace

std::string format_error(const std::string& version, const Failure& failure) {
  json out = {{"cniVersion", version},
              {"code", static_cast<unsigned>(failure.code)},
              {"msg", failure.message}};
  if (!failure.details.empty()) out["details"] = failure.details;
  return dump(out) + "\n";
}

std::string format_versions(const std::string& version) {
  return dump({{"cniVersion", version}, {"supportedVersions", kVersions}}) + "\n";
}

Outcome<void> check_before_add(const Config& config, const Invocation& call) {
  const auto parsed = parse(config);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->previous.is_null() || find_interface(parsed->previous, call.interface) == nullptr)
    return {};
  return refuse(Code::config, "a plugin before fairlead-cni has already made " + call.interface +
                                  ": fairlead-cni makes the interface, so it must be the only one "
                                  "of the list that does");
}

Outcome<void> check_result(const Config& config, const Invocation& call, const Attachment& made) {
  const auto parsed = parse(config);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->previous.is_null())
    return refuse(Code::config, "CHECK needs prevResult, the result of ADD");
  if (find_interface(parsed->previous, call.interface) == nullptr)
    return refuse(Code::config, "prevResult has no interface " + call.interface + " in a sandbox");
  const json ips = parsed->previous.value("ips", json());
  for (const GivenAddress& address : made.addresses)
    if (!ips.is_array() || std::ranges::none_of(ips, [&address](const json& each) {
          return text_of(each, "address") == address.address;
        }))
      return refuse(Code::config, "prevResult does not have " + address.address +
                                      ", an address of " + call.interface);
  return {};
}

Outcome<std::string> format_result(const Config& config, const Invocation& call,
                                   const Attachment& made, const IpamResult* ipam) {
  auto parsed = parse(config);
  if (!parsed) return std::unexpected(parsed.error());
  json result = parsed->previous.is_null() ? json::object() : std::move(parsed->previous);
  result["cniVersion"] = config.version;

  json& interfaces = list_of(result, "interfaces");
  // Without the host's end, a chained bandwidth finds nothing to limit.
  interfaces.push_back(interface_json(made.device, made.device_mac, made.mtu, "", config.version));
  interfaces.push_back(
      interface_json(call.interface, made.mac, made.mtu, call.netns, config.version));
  json& ips = list_of(result, "ips");
  for (const GivenAddress& address : made.addresses)
    ips.push_back(address_json(address, interfaces.size() - 1, config.version));
  if (!made.routes.empty()) {
    json& routes = list_of(result, "routes");
    for (const Route& route : made.routes) {
      json each = {{"dst", route.to}};
      if (!route.via.empty()) each["gw"] = route.via;
      routes.push_back(std::move(each));
    }
  }
  if (json dns = choose_dns(parsed->document, ipam); dns.is_object())
    result["dns"] = std::move(dns);
  return dump(result) + "\n";
}

Failure parse_error(std::string_view text) {
  const auto document = parse_object(text, "");
  if (document) {
    std::optional<Failure> problem;
    const Fields fields(&*document, "", problem);
    const auto code = fields.number("code", 1U << 30);
    const std::string message = fields.string("msg");
    if (!problem && !message.empty())
      return {static_cast<Code>(code == 0 ? static_cast<unsigned>(Code::internal) : code), message,
              fields.string("details")};
  }
  return {Code::internal,
          text.empty() ? "no error object on stdout" : std::string(text.substr(0, kLongestQuote))};
}

}  // namespace fairlead::cni
