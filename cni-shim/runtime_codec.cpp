#include "cni-shim/runtime_codec.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/quote.h"

namespace fairlead::cni {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxPort = 65535;
// What runtimes send for "no limit to the burst", and for "choose".
constexpr std::uint64_t kAnyBurst = std::numeric_limits<std::uint32_t>::max();

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

void read_port(const Fields& fields, std::vector<PortMapping>& out) {
  PortMapping port{
      .protocol = lower(fields.string("protocol")),
      .host_address = fields.string("hostIP"),
      .host_port = static_cast<std::uint16_t>(fields.number("hostPort", kMaxPort)),
      .container_port = static_cast<std::uint16_t>(fields.number("containerPort", kMaxPort))};
  if (port.host_port == 0) return;  // named, but not published: as portmap has it
  if (port.protocol.empty()) port.protocol = "tcp";
  if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
    fields.complain("protocol", "is " + fairlead::quoted(port.protocol) + ", not tcp, udp or sctp",
                    Code::config);
  if (port.container_port == 0) fields.complain("containerPort", "is missing", Code::config);
  out.push_back(std::move(port));
}

// A list as the convention has it, or podman's object of lists by network.
void read_aliases(const Fields& runtime, const std::string& network,
                  std::vector<std::string>& out) {
  const json* value = runtime.find("aliases");
  if (value == nullptr) return;
  out =
      value->is_object() ? runtime.object("aliases").strings(network) : runtime.strings("aliases");
}

std::uint64_t read_burst(const Fields& fields, std::string_view name) {
  const auto burst = fields.number(name, std::numeric_limits<std::uint64_t>::max());
  return burst == kAnyBurst ? 0 : burst;
}

RateWish read_rate(const Fields& fields) {
  constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();
  return {.egress = fields.number("egressRate", kAny),
          .egress_burst = read_burst(fields, "egressBurst"),
          .ingress = fields.number("ingressRate", kAny),
          .ingress_burst = read_burst(fields, "ingressBurst")};
}

}  // namespace

void read_args(const Fields& args, AttachWish& out) {
  const Fields cni = args.object("cni");
  if (auto addresses = cni.strings("ips"); !addresses.empty()) out.addresses = std::move(addresses);
  if (std::string mac = cni.string("mac"); !mac.empty()) out.mac = std::move(mac);
  for (const Fields& label : cni.objects("labels"))
    if (const std::string key = label.string("key"); !key.empty())
      out.labels[key] = label.string("value");
}

void read_runtime(const json& document, AttachWish& out, std::optional<Failure>& problem) {
  const Fields exact(&document, "", problem);
  const json* object = exact.find("runtimeConfig");
  if (object == nullptr) return;
  if (!object->is_object()) return exact.complain("runtimeConfig", "is not an object");
  const Fields runtime(object, "runtimeConfig.", problem, Fields::Case::any);
  for (const Fields& each : runtime.objects("portMappings")) read_port(each, out.ports);
  if (std::string mac = runtime.string("mac"); !mac.empty()) out.mac = std::move(mac);
  if (auto addresses = runtime.strings("ips"); !addresses.empty())
    out.addresses = std::move(addresses);
  out.rate = read_rate(runtime.object("bandwidth"));
  read_aliases(runtime, out.key.config, out.aliases);
}

}  // namespace fairlead::cni
