#include "engine/local_clients.h"

#include <map>
#include <tuple>

#include "engine/port_ranges.h"

namespace fairlead::engine {

namespace {

bool has_hooks(const datapath::Facts& facts) { return facts.socket_hooks == "on"; }

bool is_for_relay(const PortBinding& port, bool hooks) {
  if (port.protocol == Protocol::sctp) return false;
  return !hooks || (port.protocol == Protocol::udp && port.host_address.family() == Family::v6 &&
                    port.container_address.family() == Family::v4);
}

void set_target(HostPorts::Targets& targets, const PortBinding& port) {
  auto& target = port.host_address.family() == Family::v4 ? targets.v4 : targets.v6;
  target = relay::Place{.address = port.container_address, .port = port.container_port};
}

}  // namespace

Status serve_local_clients(Engine& engine, const std::vector<PortBinding>& ports) {
  if (engine.relay == nullptr) return {};
  const bool hooks = has_hooks(engine.datapath.facts());

  std::map<std::tuple<Protocol, Address, std::uint16_t>, HostPorts::Targets> sockets;
  for (const PortBinding& range : ports) {
    if (!is_for_relay(range, hooks)) continue;
    for (unsigned n = 0; n < range.count; ++n) {
      const PortBinding port = nth_port(range, n);
      set_target(sockets[{port.protocol, port.host_address, port.host_port}], port);
      // Every IPv4 and every IPv6 address are one socket, held as the latter.
      if (port.host_address == Address::any(Family::v4))
        set_target(sockets[{port.protocol, Address::any(Family::v6), port.host_port}], port);
    }
  }
  for (const auto& [socket, targets] : sockets) {
    const auto& [protocol, address, port] = socket;
    if (auto done = engine.host_ports.serve(*engine.relay, protocol, address, port, targets); !done)
      return done;
  }
  return {};
}

std::string local_clients(const datapath::Facts& facts) {
  return has_hooks(facts) ? "socket hooks" : "relay in the daemon: " + facts.socket_hooks;
}

}  // namespace fairlead::engine
