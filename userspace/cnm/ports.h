// com.docker.network.portmap -> what the engine publishes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/network.h"

namespace fairlead::cnm {

// One entry as Docker sends it.
struct PortMapping {
  unsigned protocol = 0;             // IP protocol number
  std::uint16_t container_port = 0;  // host byte order, as all of them
  std::string host_address;          // "": every address of the host
  std::uint16_t host_port = 0;       // 0: any
  std::uint16_t host_port_end = 0;   // 0: the same as host_port
};

// Errors: invalid_argument, naming the port.
Result<std::vector<PortRequest>> port_requests(const std::vector<PortMapping>& ports);

}  // namespace fairlead::cnm
