// The JSON of NetworkDriver.
#include <nlohmann/json.hpp>

#include "cnm/codec.h"
#include "cnm/option_names.h"
#include "cnm/reader.h"
#include "engine/port_ranges.h"

namespace fairlead::cnm {

namespace {

using nlohmann::json;

// Messages may quote what a client sent, or be cut in the middle of a character: never throw on
// them.
std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::unexpected<Error> bad(const Reader& reader) {
  return fail(Errc::invalid_argument, *reader.problem());
}

EndpointRef read_endpoint_ref(Reader& reader) {
  return {.network = reader.required_string("NetworkID"),
          .endpoint = reader.required_string("EndpointID")};
}

std::vector<PoolData> read_pools(Reader& reader, std::string_view field) {
  std::vector<PoolData> out;
  for (Reader& pool : reader.array(field))
    out.push_back({.pool = pool.required_string("Pool"), .gateway = pool.string("Gateway")});
  return out;
}

// "" is no address; otherwise a problem of the address is one of the field.
Result<std::optional<Prefix>> read_prefix(Reader& reader, std::string_view field) {
  const std::string text = reader.string(field);
  if (text.empty()) return std::nullopt;
  auto prefix = Prefix::parse(text);
  if (!prefix) return fail(std::move(prefix).error(), field);
  return *prefix;
}

// Written out by hand, because there may be thousands and Docker asks three times: every value is a
// number or an address, and none needs escaping.
void append_port(std::string& out, const PortBinding& port) {
  const std::string number = std::to_string(port.host_port);
  out += R"({"Proto":)" + std::to_string(static_cast<unsigned>(port.protocol));
  out += R"(,"IP":")" + port.container_address.to_string();
  out += R"(","Port":)" + std::to_string(port.container_port);
  out += R"(,"HostIP":")" + port.host_address.to_string();
  out += R"(","HostPort":)" + number + R"(,"HostPortEnd":)" + number + "}";
}

}  // namespace

Result<std::string> parse_network_id(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  std::string id = reader->required_string("NetworkID");
  if (reader->problem()) return bad(*reader);
  return id;
}

Result<EndpointRef> parse_endpoint_ref(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  EndpointRef ref = read_endpoint_ref(*reader);
  if (reader->problem()) return bad(*reader);
  return ref;
}

Result<CreateNetwork> parse_create_network(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  CreateNetwork out;
  out.id = reader->required_string("NetworkID");
  Reader options = reader->object("Options");
  out.enable_v4 = options.boolean(option::kEnableIpv4);
  out.enable_v6 = options.boolean(option::kEnableIpv6);
  out.internal = options.boolean(option::kInternal).value_or(false);
  out.generic = options.strings(option::kGeneric);
  out.v4 = read_pools(*reader, "IPv4Data");
  out.v6 = read_pools(*reader, "IPv6Data");
  if (reader->problem()) return bad(*reader);
  return out;
}

Result<CreateEndpoint> parse_create_endpoint(std::string_view body) {
  auto reader = Reader::parse(body, {option::kPortMap, option::kExposedPorts});
  if (!reader) return std::unexpected(std::move(reader).error());
  const EndpointRef ref = read_endpoint_ref(*reader);
  Reader interface = reader->object("Interface");
  auto v4 = read_prefix(interface, "Address");
  if (!v4) return std::unexpected(std::move(v4).error());
  auto v6 = read_prefix(interface, "AddressIPv6");
  if (!v6) return std::unexpected(std::move(v6).error());
  const std::string mac_text = interface.string("MacAddress");
  auto options = reader->strings("Options", option::kOwnPrefix);
  if (reader->problem()) return bad(*reader);

  CreateEndpoint out{
      .request = {.network = ref.network, .key = ref.endpoint, .v4 = *v4, .v6 = *v6, .mac = {}},
      .mac_given = !mac_text.empty(),
      .options = std::move(options)};
  if (out.mac_given) {
    auto mac = Mac::parse(mac_text);
    if (!mac) return fail(std::move(mac).error(), "MacAddress");
    out.request.mac = *mac;
  }
  return out;
}

Result<Join> parse_join(std::string_view body) {
  auto reader = Reader::parse(body, {"Options"});
  if (!reader) return std::unexpected(std::move(reader).error());
  Join out{.endpoint = read_endpoint_ref(*reader),
           .sandbox = reader->required_string("SandboxKey")};
  if (reader->problem()) return bad(*reader);
  return out;
}

Result<ProgramPorts> parse_program_ports(std::string_view body) {
  auto reader = Reader::parse(body, {option::kExposedPorts});
  if (!reader) return std::unexpected(std::move(reader).error());
  ProgramPorts out{.endpoint = read_endpoint_ref(*reader), .ports = {}};
  Reader options = reader->object("Options");
  for (Reader& port : options.array(option::kPortMap))
    out.ports.push_back(
        {.protocol = static_cast<unsigned>(port.number("Proto", 255)),
         .container_port = static_cast<std::uint16_t>(port.number("Port", 65535)),
         .host_address = port.string("HostIP"),
         .host_port = static_cast<std::uint16_t>(port.number("HostPort", 65535)),
         .host_port_end = static_cast<std::uint16_t>(port.number("HostPortEnd", 65535))});
  out.ipv6 = !options.boolean(option::kNoProxy6To4).value_or(false);
  if (reader->problem()) return bad(*reader);
  return out;
}

Status parse_anything(std::string_view body) {
  auto reader = Reader::parse(body);
  if (!reader) return std::unexpected(std::move(reader).error());
  return {};
}

std::string format_activation() {
  return dump({{"Implements", json::array({"NetworkDriver", "IpamDriver"})}});
}

std::string format_network_capabilities() {
  return dump({{"Scope", "local"}, {"ConnectivityScope", ""}});
}

std::string format_gateway_check() { return dump({{"SkipIPv4", false}, {"SkipIPv6", false}}); }

std::string format_network_options(const std::map<std::string, std::string>& options) {
  return dump({{"Options", options}});
}

std::string format_endpoint(const std::optional<Mac>& mac) {
  json interface = json::object();
  if (mac) interface["MacAddress"] = mac->to_string();
  return dump({{"Interface", std::move(interface)}});
}

std::string format_join(const engine::JoinReply& reply, bool internal) {
  json out{{"InterfaceName", {{"SrcName", reply.device}, {"DstPrefix", reply.interface_prefix}}}};
  if (reply.gateway_v4) out["Gateway"] = reply.gateway_v4->to_string();
  if (reply.gateway_v6) out["GatewayIPv6"] = reply.gateway_v6->to_string();
  out["DisableGatewayService"] = !reply.gateway_v4 && !reply.gateway_v6 && !internal;
  return dump(out);
}

std::string format_endpoint_info(const Endpoint& endpoint) {
  std::string ports;
  for (const PortBinding& range : endpoint.ports) {
    for (unsigned n = 0; n < range.count; ++n) {
      if (!ports.empty()) ports += ',';
      append_port(ports, engine::nth_port(range, n));
    }
  }
  return std::string(R"({"Value":{")") + option::kPortMap + R"(":[)" + ports + R"(],")" +
         option::kEndpointMac + R"(":")" + endpoint.mac.to_string() + R"("}})";
}

std::string format_empty_info() { return dump({{"Value", json::object()}}); }

std::string format_nothing() { return "{}"; }

std::string format_error(std::string_view message) {
  return dump({{"Err", message}, {"Error", message}});
}

}  // namespace fairlead::cnm
