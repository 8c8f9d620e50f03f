// Where a published port is found by the programs.
#pragma once

#include <vector>

#include "datapath/abi.h"
#include "datapath/port_ranges.h"

namespace fairlead::datapath {

// Entries of fl_ports for one binding, without device and list. On a routed network there is one
// with the container's own address, too, unless the port is for this host alone.
inline std::vector<PortRange> published_ranges(const Network& network, const PortBinding& binding) {
  PortRange range{.key = port_key(binding),
                  .target = {.addr = to_abi(binding.container_address),
                             .network = network.id,
                             .ifindex = 0,
                             .port = htons(binding.container_port),
                             .count = binding.count,
                             .list = 0}};
  std::vector<PortRange> out{range};
  if (network.routed && !binding.host_address.is_loopback()) {
    range.key.addr = range.target.addr;
    range.key.port = range.target.port;
    out.push_back(range);
  }
  return out;
}

}  // namespace fairlead::datapath
