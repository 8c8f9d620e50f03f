// Attachments in the JSON of the daemon's own API.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/attachments.h"

namespace fairlead::api {

// Bodies; absent and null are the same. Errors: invalid_argument, which names the field, also for
// one that nobody knows.

// Of /v1/attachments/attach:
//   config, container, interface, sandbox, name, aliases[], labels{},
//   holds_ports (the runtime has a socket for each port itself),
//   network {name, ipv4 {subnet, gateway, range} | false, ipv6 {...}, mtu (bytes), internal,
//            options{}},
//   addresses[], given [{address, gateway}], mac, routes [{to, via}],
//   ports [{protocol, host_address, host_port, container_port, count}],
//   rate {egress, egress_burst, ingress, ingress_burst} (bit/s, bits)
Result<engine::AttachRequest> parse_attach(std::string_view body);

// Of detach and check: config, container, interface.
Result<engine::AttachmentKey> parse_attachment_key(std::string_view body);

// Of gc: config, valid [{container, interface}].
struct Collect {
  std::string config;
  std::vector<engine::AttachmentKey> valid;
};
Result<Collect> parse_collect(std::string_view body);

std::string format_attached(const engine::Attached& attached);
std::string format_detached();
std::string format_collected(const engine::Collected& collected);
std::string format_ready(const std::vector<std::string>& problems);

}  // namespace fairlead::api
