// NetworkDriver: parse, ask the engine, format.
#include "cnm/codec.h"
#include "cnm/method.h"
#include "cnm/options.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

namespace {

using engine::Engine;
using Reply = Result<std::string>;

Reply nothing_or(Status done) {
  if (!done) return std::unexpected(std::move(done).error());
  return format_nothing();
}

Reply capabilities(Engine&, std::string_view) { return format_network_capabilities(); }

Reply check_gateway(Engine&, std::string_view body) {
  if (auto valid = parse_anything(body); !valid) return std::unexpected(std::move(valid).error());
  return format_gateway_check();
}

// Swarm managers ask this of drivers with global scope. There is nothing to decide: a network's
// numbers are each host's own.
Reply allocate_network(Engine&, std::string_view body) {
  if (auto valid = parse_network_id(body); !valid) return std::unexpected(std::move(valid).error());
  return format_network_options({});
}

Reply free_network(Engine&, std::string_view body) {
  if (auto valid = parse_network_id(body); !valid) return std::unexpected(std::move(valid).error());
  return format_nothing();
}

Reply create_network(Engine& engine, std::string_view body) {
  auto want = parse_create_network(body);
  if (!want) return std::unexpected(std::move(want).error());
  auto request = network_request(*want);
  if (!request) return std::unexpected(std::move(request).error());
  return nothing_or(engine::create_network(engine, *request));
}

Reply delete_network(Engine& engine, std::string_view body) {
  auto id = parse_network_id(body);
  if (!id) return std::unexpected(std::move(id).error());
  return nothing_or(engine::remove_network(engine, *id));
}

Reply create_endpoint(Engine& engine, std::string_view body) {
  auto want = parse_create_endpoint(body);
  if (!want) return std::unexpected(std::move(want).error());
  if (auto done = apply_endpoint_options(want->request, want->options); !done)
    return std::unexpected(std::move(done).error());
  auto endpoint = engine::create_endpoint(engine, want->request);
  if (!endpoint) return std::unexpected(std::move(endpoint).error());
  return format_endpoint(want->mac_given ? std::nullopt : std::optional(endpoint->mac));
}

// Docker 20.10 fails the container's start on an error here: what is unknown has no information.
Reply endpoint_info(Engine& engine, std::string_view body) {
  auto ref = parse_endpoint_ref(body);
  if (!ref) return std::unexpected(std::move(ref).error());
  const auto endpoint = engine::get_endpoint(engine, ref->network, ref->endpoint);
  return endpoint ? format_endpoint_info(*endpoint) : format_empty_info();
}

Reply delete_endpoint(Engine& engine, std::string_view body) {
  auto ref = parse_endpoint_ref(body);
  if (!ref) return std::unexpected(std::move(ref).error());
  return nothing_or(engine::remove_endpoint(engine, ref->network, ref->endpoint));
}

Reply join(Engine& engine, std::string_view body) {
  auto want = parse_join(body);
  if (!want) return std::unexpected(std::move(want).error());
  const auto& [network, key] = want->endpoint;
  auto reply = engine::join(engine, network, key, want->sandbox);
  if (!reply) return std::unexpected(std::move(reply).error());
  const auto found = engine.state.networks.find(network);
  const bool internal = found != engine.state.networks.end() && found->second.internal;
  return format_join(*reply, internal);
}

Reply leave(Engine& engine, std::string_view body) {
  auto ref = parse_endpoint_ref(body);
  if (!ref) return std::unexpected(std::move(ref).error());
  return nothing_or(engine::leave(engine, ref->network, ref->endpoint));
}

// The ports also come with CreateEndpoint and Join, of every endpoint. Only this call says which
// endpoint of a container is to publish them.
Reply program_external_connectivity(Engine& engine, std::string_view body) {
  auto want = parse_program_ports(body);
  if (!want) return std::unexpected(std::move(want).error());
  auto ports = port_requests(want->ports);
  if (!ports) return std::unexpected(std::move(ports).error());
  const auto& [network, key] = want->endpoint;
  auto published = engine::publish(engine, network, key, *ports, want->ipv6);
  if (!published) return std::unexpected(std::move(published).error());
  return format_nothing();
}

Reply revoke_external_connectivity(Engine& engine, std::string_view body) {
  auto ref = parse_endpoint_ref(body);
  if (!ref) return std::unexpected(std::move(ref).error());
  return nothing_or(engine::unpublish(engine, ref->network, ref->endpoint));
}

// Other hosts of a swarm: of no use to networks of one host.
Reply discover(Engine&, std::string_view body) {
  if (auto valid = parse_anything(body); !valid) return std::unexpected(std::move(valid).error());
  return format_nothing();
}

constexpr Method kMethods[] = {
    {"NetworkDriver.GetCapabilities", false, capabilities},
    {"NetworkDriver.GwAllocCheck", true, check_gateway},
    {"NetworkDriver.AllocateNetwork", true, allocate_network},
    {"NetworkDriver.FreeNetwork", true, free_network},
    {"NetworkDriver.CreateNetwork", true, create_network, /*brings_name=*/true},
    {"NetworkDriver.DeleteNetwork", true, delete_network},
    {"NetworkDriver.CreateEndpoint", true, create_endpoint},
    {"NetworkDriver.EndpointOperInfo", true, endpoint_info},
    {"NetworkDriver.DeleteEndpoint", true, delete_endpoint},
    {"NetworkDriver.Join", true, join, /*brings_name=*/true},
    {"NetworkDriver.Leave", true, leave},
    {"NetworkDriver.ProgramExternalConnectivity", true, program_external_connectivity},
    {"NetworkDriver.RevokeExternalConnectivity", true, revoke_external_connectivity},
    {"NetworkDriver.DiscoverNew", true, discover},
    {"NetworkDriver.DiscoverDelete", true, discover},
};

}  // namespace

std::span<const Method> network_driver_methods() { return kMethods; }

}  // namespace fairlead::cnm
