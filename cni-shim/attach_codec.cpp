#include "cni-shim/attach_codec.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "cni-shim/fields_codec.h"

namespace fairlead::cni {

namespace {

using nlohmann::json;

void put(json& object, const char* field, const std::string& value) {
  if (!value.empty()) object[field] = value;
}

json family_json(const FamilyWish& family) {
  json out = json::object();
  put(out, "subnet", family.subnet);
  put(out, "gateway", family.gateway);
  put(out, "range", family.range);
  return out;
}

json network_json(const NetworkWish& network) {
  json out = {{"name", network.name}};
  if (network.no_ipv4)
    out["ipv4"] = false;
  else if (json ipv4 = family_json(network.ipv4); !ipv4.empty())
    out["ipv4"] = std::move(ipv4);
  if (network.ipv6) out["ipv6"] = family_json(*network.ipv6);
  if (network.mtu) out["mtu"] = *network.mtu;
  if (network.internal) out["internal"] = *network.internal;
  if (!network.options.empty()) out["options"] = network.options;
  return out;
}

json ports_json(const std::vector<PortMapping>& ports) {
  json out = json::array();
  for (const PortMapping& port : ports) {
    json each = {{"protocol", port.protocol},
                 {"host_port", port.host_port},
                 {"container_port", port.container_port},
                 {"count", port.count}};
    put(each, "host_address", port.host_address);
    out.push_back(std::move(each));
  }
  return out;
}

json key_json(const AttachmentKey& key) {
  return {{"config", key.config}, {"container", key.container}, {"interface", key.interface}};
}

void put_rate(json& out, const RateWish& rate) {
  if (rate.egress == 0 && rate.ingress == 0) return;
  out["rate"] = {{"egress", rate.egress},
                 {"egress_burst", rate.egress_burst},
                 {"ingress", rate.ingress},
                 {"ingress_burst", rate.ingress_burst}};
}

// The beginning of an answer that is not understood, for a bug report.
std::string shown(std::string_view body) { return std::string(body.substr(0, 200)); }

// The answer of a daemon; what does not fit is our bug, or two versions that do not belong
// together.
template <typename Read>
auto read_answer(std::string_view body, Read read)
    -> Outcome<decltype(read(std::declval<const Fields&>()))> {
  const auto document = parse_object(body, "fairleadd's answer");
  if (!document) return refuse(Code::internal, document.error().message, shown(body));
  std::optional<Failure> problem;
  auto out = read(Fields(&*document, "fairleadd's answer: ", problem));
  if (problem) return refuse(Code::internal, problem->message, shown(body));
  return out;
}

}  // namespace

std::string format_attach(const AttachWish& wish) {
  json out = key_json(wish.key);
  put(out, "sandbox", wish.sandbox);
  out["network"] = network_json(wish.network);
  put(out, "name", wish.name);
  if (!wish.aliases.empty()) out["aliases"] = wish.aliases;
  if (!wish.labels.empty()) out["labels"] = wish.labels;
  if (!wish.addresses.empty()) out["addresses"] = wish.addresses;
  if (wish.given) {
    out["given"] = json::array();
    for (const GivenAddress& given : *wish.given) {
      json each = {{"address", given.address}};
      put(each, "gateway", given.gateway);
      out["given"].push_back(std::move(each));
    }
  }
  put(out, "mac", wish.mac);
  if (wish.routes) {
    out["routes"] = json::array();
    for (const Route& route : *wish.routes) {
      json each = {{"to", route.to}};
      put(each, "via", route.via);
      out["routes"].push_back(std::move(each));
    }
  }
  if (!wish.ports.empty()) out["ports"] = ports_json(wish.ports);
  if (wish.holds_ports) out["holds_ports"] = true;
  put_rate(out, wish.rate);
  return dump(out);
}

std::string format_key(const AttachmentKey& key) { return dump(key_json(key)); }

std::string format_collect(const std::string& config, const std::vector<AttachmentKey>& valid) {
  json list = json::array();
  for (const AttachmentKey& key : valid)
    list.push_back({{"container", key.container}, {"interface", key.interface}});
  return dump({{"config", config}, {"valid", std::move(list)}});
}

Outcome<Attachment> parse_attachment(std::string_view body) {
  return read_answer(body, [](const Fields& fields) {
    Attachment out{.device = fields.string("device"),
                   .device_mac = fields.string("device_mac"),
                   .mac = fields.string("mac"),
                   .mtu = static_cast<std::uint32_t>(
                       fields.number("mtu", std::numeric_limits<std::uint32_t>::max()))};
    if (out.device.empty()) fields.complain("device", "is missing");
    for (const Fields& each : fields.objects("addresses"))
      out.addresses.push_back(
          {.address = each.string("address"), .gateway = each.string("gateway")});
    for (const Fields& each : fields.objects("routes"))
      out.routes.push_back({.to = each.string("to"), .via = each.string("via")});
    return out;
  });
}

Outcome<std::vector<std::string>> parse_problems(std::string_view body) {
  return read_answer(body, [](const Fields& fields) { return fields.strings("problems"); });
}

Outcome<Readiness> parse_readiness(std::string_view body) {
  return read_answer(body, [](const Fields& fields) {
    return Readiness{.ready = fields.boolean("ready").value_or(false),
                     .problems = fields.strings("problems")};
  });
}

Outcome<std::optional<std::vector<GivenAddress>>> parse_subnets_of(std::string_view body,
                                                                   const std::string& name) {
  return read_answer(body, [&name](const Fields& fields) {
    std::optional<std::vector<GivenAddress>> out;
    for (const Fields& network : fields.objects("networks")) {
      if (network.string("name") != name) continue;
      out.emplace();
      for (const char* family : {"ipv4", "ipv6"}) {
        const Fields part = network.object(family);
        if (std::string pool = part.string("pool"); !pool.empty())
          out->push_back({.address = std::move(pool), .gateway = part.string("gateway")});
      }
    }
    return out;
  });
}

Refusal parse_refusal(std::string_view body) {
  const auto document = parse_object(body, "");
  if (!document) return {};
  std::optional<Failure> problem;
  const Fields fields(&*document, "", problem);
  return {.code = fields.string("code"), .text = fields.string("error")};
}

}  // namespace fairlead::cni
