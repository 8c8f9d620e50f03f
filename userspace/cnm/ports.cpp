#include "cnm/ports.h"

namespace fairlead::cnm {

namespace {

Result<Protocol> protocol(unsigned number) {
  for (const Protocol known : {Protocol::tcp, Protocol::udp, Protocol::sctp})
    if (static_cast<unsigned>(known) == number) return known;
  return fail(Errc::invalid_argument,
              "protocol " + std::to_string(number) + " cannot be published: tcp, udp and sctp can");
}

Result<PortRequest> port_request(const PortMapping& port) {
  auto known = protocol(port.protocol);
  if (!known) return std::unexpected(std::move(known).error());
  if (port.container_port == 0) return fail(Errc::invalid_argument, "the port may not be 0");

  PortRequest out{.protocol = *known,
                  .container_port = port.container_port,
                  .host_address = {},
                  .host_port_first = port.host_port,
                  .host_port_last = port.host_port_end == 0 ? port.host_port : port.host_port_end};
  if (out.host_port_last < out.host_port_first)
    return fail(Errc::invalid_argument, "host ports " + std::to_string(out.host_port_first) + "-" +
                                            std::to_string(out.host_port_last) +
                                            " are in the wrong order");
  if (!port.host_address.empty()) {
    auto address = Address::parse(port.host_address);
    if (!address) return fail(std::move(address).error(), "host address");
    out.host_address = *address;
  }
  return out;
}

}  // namespace

Result<std::vector<PortRequest>> port_requests(const std::vector<PortMapping>& ports) {
  std::vector<PortRequest> out;
  out.reserve(ports.size());
  for (const PortMapping& port : ports) {
    auto request = port_request(port);
    if (!request)
      return fail(std::move(request).error(),
                  "publish container port " + std::to_string(port.container_port));
    out.push_back(std::move(*request));
  }
  return out;
}

}  // namespace fairlead::cnm
