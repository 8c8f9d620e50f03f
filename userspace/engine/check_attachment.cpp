// check_attachment: is all of it still there?
#include <algorithm>
#include <set>

#include "engine/attachments.h"
#include "engine/find_attachments.h"
#include "engine/lookup.h"

namespace fairlead::engine {

namespace {

class Findings {
 public:
  void add(std::string text) { text_ += (text_.empty() ? "" : "; ") + std::move(text); }
  void add(const Status& status) {
    if (!status) add(status.error().message());
  }
  Status result(const std::string& what) const {
    if (text_.empty()) return {};
    return fail(Errc::conflict, what + " is not as it was made: " + text_);
  }

 private:
  std::string text_;
};

void compare_inside(const Endpoint& endpoint, const netlink::SandboxView& view,
                    Findings& findings) {
  const std::string& device = endpoint.container_device;
  if (!view.link) return findings.add("the container has no interface " + device);
  if (view.link->mac != endpoint.mac)
    findings.add("interface " + device + " has MAC " + view.link->mac.to_string() + ", not " +
                 endpoint.mac.to_string() + ", and the data path drops what comes from it");
  if (!view.link->up) findings.add("interface " + device + " is down");
  for (const auto* address : {&endpoint.v4, &endpoint.v6})
    if (*address && std::ranges::find(view.addresses, **address) == view.addresses.end())
      findings.add("interface " + device + " has no address " + (*address)->to_string());
  for (const ContainerRoute& route : endpoint.attachment->routes)
    if (std::ranges::find(view.routes, route) == view.routes.end())
      findings.add("the route to " + route.to.to_string() + " by " + device + " is gone");
}

void check_device(Engine& engine, const Network& network, const Endpoint& endpoint,
                  Findings& findings) {
  const auto device = engine.state.devices.find(endpoint.key);
  if (device == engine.state.devices.end())
    return findings.add("host device " + endpoint.host_device + " is gone");
  auto link = engine.links.link(device->second);
  if (!link) return findings.add(Status(std::unexpected(link.error())));
  if (!*link) return findings.add("host device " + endpoint.host_device + " is gone");
  if (!(*link)->up) findings.add("host device " + endpoint.host_device + " is down");
  findings.add(engine.datapath.check_endpoint(
      network, endpoint, {.name = endpoint.host_device, .index = device->second}));
}

void check_ports(const Engine& engine, const Endpoint& endpoint, Findings& findings) {
  for (const PortBinding& range : endpoint.ports)
    for (unsigned n = 0; n < range.count; ++n) {
      const auto port = static_cast<std::uint16_t>(range.host_port + n);
      if (!engine.host_ports.holds(range.protocol, range.host_address, port))
        findings.add("host port " + std::to_string(port) + "/" + to_string(range.protocol) +
                     " is not held for it");
    }
}

}  // namespace

Result<Attached> check_attachment(Engine& engine, const AttachmentKey& which, int sandbox_file) {
  const std::string what = "container " + which.container.substr(0, 12) + " (" + which.interface +
                           ") on network " + which.config;
  const auto found = find_attachments(engine.state, which);
  if (found.empty() || which.container.empty() || which.interface.empty())
    return fail(Errc::not_found, what + " is not attached");
  const Endpoint& endpoint = found.front();
  auto network = find_network(engine.state, endpoint.network);
  if (!network) return std::unexpected(std::move(network).error());
  auto view = engine.links.look_into(sandbox_file, endpoint.container_device);
  if (!view) return fail(std::move(view).error(), "look at " + what);

  Findings findings;
  compare_inside(endpoint, *view, findings);
  check_device(engine, *network, endpoint, findings);
  check_ports(engine, endpoint, findings);
  if (auto fine = findings.result(what); !fine) return std::unexpected(std::move(fine).error());
  return describe(engine, endpoint);
}

}  // namespace fairlead::engine
