// attach, detach, collect_attachments. Checking is in check_attachment.cpp, tidying in
// tidy_attachments.cpp.
#include "engine/attachments.h"

#include <algorithm>

#include "base/undo.h"
#include "engine/attached_network.h"
#include "engine/find_attachments.h"
#include "engine/hygiene.h"
#include "engine/lookup.h"
#include "engine/port_ranges.h"
#include "engine/port_rules.h"

namespace fairlead::engine {

namespace {

constexpr std::size_t kLongestInterface = 15;  // IFNAMSIZ is 16 with the zero

std::string text_of(const Attachment& attachment) {
  return "container " + attachment.container.substr(0, 12) + " (" + attachment.interface +
         ") to network " + attachment.config;
}

Status check(const Engine& engine, const AttachRequest& want) {
  const Attachment& its = want.attachment;
  if (its.config.empty() || its.container.empty() || want.network.name.empty())
    return fail(Errc::invalid_argument, "network, configuration and container need a name each");
  if (its.interface.empty() || its.interface.size() > kLongestInterface ||
      its.interface.find('/') != std::string::npos)
    return fail(Errc::invalid_argument,
                "interface \"" + its.interface + "\" is no device name: 1 to 15 letters without /");
  if (want.sandbox_file < 0)
    return fail(Errc::invalid_argument, "the container's network namespace did not come along");
  if (find_attachments(
          engine.state,
          {.config = its.config, .container = its.container, .interface = its.interface})
          .empty())
    return {};
  return fail(Errc::already_exists, text_of(its) + " is attached already");
}

// Of one family: what was asked for, given, or is free.
class Addresses {
 public:
  Addresses(Engine& engine, const Network& network, const AttachRequest& want, Undo& undo)
      : engine_(engine), network_(network), want_(want), undo_(undo) {}

  Result<std::optional<Prefix>> choose(Family family);

 private:
  Result<Prefix> lease(const ipam::Pool& pool, std::optional<Address> address);

  Engine& engine_;
  const Network& network_;
  const AttachRequest& want_;
  Undo& undo_;
};

Result<std::optional<Prefix>> Addresses::choose(Family family) {
  const auto given = std::ranges::find_if(
      want_.given, [family](const auto& each) { return each.address.family() == family; });
  if (given != want_.given.end()) return given->address;
  if (!want_.given.empty()) return std::nullopt;

  const auto wanted = std::ranges::find(want_.addresses, family, &Address::family);
  const bool asked = wanted != want_.addresses.end();
  const auto& subnet = family == Family::v4 ? network_.v4 : network_.v6;
  if (!subnet) {
    if (!asked) return std::nullopt;
    return fail(Errc::invalid_argument, "address " + wanted->to_string() + ": network " +
                                            network_name(engine_.state, network_.key) +
                                            " has no subnet of that family");
  }
  if (const auto pool = pool_of(engine_, network_, family)) {
    auto leased = lease(*pool, asked ? std::optional(*wanted) : std::nullopt);
    if (!leased) return std::unexpected(std::move(leased).error());
    return *leased;
  }
  if (asked) return Prefix(*wanted, subnet->pool.length());
  return fail(Errc::unsupported,
              "network " + network_name(engine_.state, network_.key) +
                  " has its addresses from an IPAM that only its own runtime can ask: make it "
                  "with --ipam-driver fairlead, or give the container an address");
}

Result<Prefix> Addresses::lease(const ipam::Pool& pool, std::optional<Address> address) {
  auto leased = request_address(engine_, pool.id, address, ipam::Use::endpoint);
  if (!leased) return leased;
  undo_.add([&engine = engine_, id = pool.id, own = leased->address()] {
    (void)release_address(engine, id, own);
  });
  return leased;
}

// The ways that a container has without being told of any: everything by the gateways.
std::vector<ContainerRoute> usual_routes(const Network& network, const Endpoint& endpoint,
                                         const std::vector<GivenAddress>& given) {
  std::vector<ContainerRoute> out;
  if (network.internal) return out;
  for (const Family family : {Family::v4, Family::v6}) {
    const bool v4 = family == Family::v4;
    const auto& subnet = v4 ? network.v4 : network.v6;
    if (!(v4 ? endpoint.v4 : endpoint.v6) || !subnet || !subnet->gateway) continue;
    const bool foreign = !given.empty() && std::ranges::none_of(given, [&](const auto& each) {
      return each.gateway && each.gateway->family() == family;
    });
    if (!foreign) out.push_back({.to = Prefix(Address::any(family), 0), .via = subnet->gateway});
  }
  return out;
}

Result<EndpointRequest> endpoint_request(Engine& engine, const Network& network,
                                         const AttachRequest& want, Undo& undo) {
  Addresses addresses(engine, network, want, undo);
  auto v4 = addresses.choose(Family::v4);
  if (!v4) return std::unexpected(std::move(v4).error());
  auto v6 = addresses.choose(Family::v6);
  if (!v6) return std::unexpected(std::move(v6).error());
  EndpointRequest request = attached_endpoint(network, want);
  request.v4 = *v4;
  request.v6 = *v6;
  Endpoint shape;
  shape.v4 = *v4;
  shape.v6 = *v6;
  request.attachment->routes =
      want.routes ? *want.routes : usual_routes(network, shape, want.given);
  for (ContainerRoute& route : request.attachment->routes) {
    const auto& subnet = route.to.family() == Family::v4 ? network.v4 : network.v6;
    if (!route.via && subnet) route.via = subnet->gateway;
  }
  return request;
}

// podman gives every network of a container all of its ports: the first one publishes them.
std::vector<PortRequest> unpublished(const State& state, const AttachRequest& want) {
  std::vector<PortRequest> out = want.ports;
  for (const auto& [key, other] : state.endpoints) {
    if (!other.attachment || other.attachment->container != want.attachment.container) continue;
    std::erase_if(out, [&](const PortRequest& port) {
      return std::ranges::any_of(other.ports, [&](const PortBinding& held) {
        return port.host_port_first != 0 && port.protocol == held.protocol &&
               has_port(held, port.protocol, port.host_port_first, port.host_port_last) &&
               (!port.host_address || port.host_address == held.host_address);
      });
    });
  }
  return out;
}

Status configure(Engine& engine, const Endpoint& endpoint, int sandbox) {
  netlink::SandboxRequest inside{
      .device = endpoint.container_device, .addresses = {}, .routes = endpoint.attachment->routes};
  for (const auto* address : {&endpoint.v4, &endpoint.v6})
    if (*address) inside.addresses.push_back(**address);
  return engine.links.configure(sandbox, inside);
}

// As they were asked for: every IPv4 and every IPv6 address are one request.
std::vector<PortRequest> requests_of(const std::vector<PortBinding>& ports) {
  std::vector<PortRequest> out;
  for (const PortBinding& range : ports) {
    if (range.host_address == Address::any(Family::v6)) continue;
    for (unsigned n = 0; n < range.count; ++n) {
      const PortBinding port = nth_port(range, n);
      PortRequest request{.protocol = port.protocol,
                          .container_port = port.container_port,
                          .host_address = port.host_address,
                          .host_port_first = port.host_port,
                          .host_port_last = port.host_port};
      if (port.host_address.is_any()) request.host_address.reset();
      out.push_back(request);
    }
  }
  return out;
}

// A container that is on another network still, whose ports the one that it has left published:
// now that one does.
Status hand_over_ports(Engine& engine, const Endpoint& gone) {
  if (gone.ports.empty()) return {};
  for (const auto& [key, other] : engine.state.endpoints)
    if (other.attachment && other.attachment->container == gone.attachment->container &&
        other.ports.empty()) {
      auto done = publish(engine, other.network, key, requests_of(gone.ports));
      return done ? Status() : Status(std::unexpected(std::move(done).error()));
    }
  return {};
}

}  // namespace

Result<Attached> attach(Engine& engine, const AttachRequest& want) {
  const std::string what = "attach " + text_of(want.attachment);
  if (auto fine = check(engine, want); !fine) return std::unexpected(std::move(fine).error());

  Undo undo;
  auto network = network_for(engine, want.network, want.given, undo);
  if (!network) return fail(std::move(network).error(), what);
  auto request = endpoint_request(engine, *network, want, undo);
  if (!request) return fail(std::move(request).error(), what);
  auto endpoint = create_endpoint(engine, *request);
  if (!endpoint) return fail(std::move(endpoint).error(), what);
  undo.add([&engine, key = endpoint->key, net = network->key] {
    (void)remove_endpoint(engine, net, key);
  });
  if (auto done = configure(engine, *endpoint, want.sandbox_file); !done)
    return fail(std::move(done).error(), what);
  if (const auto ports = unpublished(engine.state, want); !ports.empty())
    if (auto done = publish(engine, network->key, endpoint->key, ports); !done)
      return fail(std::move(done).error(), what);
  undo.commit();
  return describe(engine, engine.state.endpoints.at(endpoint->key));
}

Status detach(Engine& engine, const AttachmentKey& which) {
  Problems problems("detach container " + which.container.substr(0, 12) + " from network " +
                    which.config);
  for (const Endpoint& endpoint : find_attachments(engine.state, which)) {
    problems.add(bury_endpoint(engine, endpoint));
    problems.add(hand_over_ports(engine, endpoint));
  }
  return problems.status();
}

Collected collect_attachments(Engine& engine, const std::string& config,
                              const std::vector<AttachmentKey>& valid) {
  Collected out;
  for (const Endpoint& endpoint :
       find_attachments(engine.state, {.config = config, .container = {}, .interface = {}})) {
    const AttachmentKey key{.config = config,
                            .container = endpoint.attachment->container,
                            .interface = endpoint.attachment->interface};
    if (std::ranges::find(valid, key) != valid.end()) continue;
    ++out.removed;
    if (auto done = bury_endpoint(engine, endpoint); !done)
      out.problems.push_back(done.error().message());
  }
  return out;
}

}  // namespace fairlead::engine
