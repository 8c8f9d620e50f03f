#include "engine/port_ranges.h"

#include <algorithm>
#include <limits>

namespace fairlead::engine {

namespace {

bool same_addresses(const PortBinding& a, const PortBinding& b) {
  return a.protocol == b.protocol && a.host_address == b.host_address &&
         a.container_address == b.container_address;
}

bool follows(const PortBinding& range, const PortBinding& port) {
  return same_addresses(range, port) && port.host_port == range.host_port + range.count &&
         port.container_port == range.container_port + range.count &&
         range.count < std::numeric_limits<std::uint16_t>::max();
}

}  // namespace

std::vector<PortBinding> as_ranges(const std::vector<PortBinding>& ports) {
  std::vector<std::vector<PortBinding>> groups;  // by addresses
  for (const PortBinding& port : ports) {
    auto group = std::ranges::find_if(
        groups, [&](const auto& other) { return same_addresses(other.front(), port); });
    if (group == groups.end()) group = groups.emplace(groups.end());
    group->push_back(port);
  }
  std::vector<PortBinding> ranges;
  for (auto& group : groups) {
    std::ranges::sort(group, {}, &PortBinding::host_port);
    const std::size_t first = ranges.size();
    for (const PortBinding& port : group) {
      if (ranges.size() > first && follows(ranges.back(), port)) {
        ranges.back().count = static_cast<std::uint16_t>(ranges.back().count + port.count);
      } else {
        ranges.push_back(port);
      }
    }
  }
  return ranges;
}

PortBinding nth_port(const PortBinding& range, unsigned n) {
  PortBinding port = range;
  port.host_port = static_cast<std::uint16_t>(range.host_port + n);
  port.container_port = static_cast<std::uint16_t>(range.container_port + n);
  port.count = 1;
  return port;
}

bool has_port(const std::vector<PortBinding>& ranges, const PortBinding& port) {
  return std::ranges::any_of(ranges, [&](const PortBinding& range) {
    return same_addresses(range, port) && port.host_port >= range.host_port &&
           port.host_port < range.host_port + range.count &&
           port.host_port - range.host_port == port.container_port - range.container_port;
  });
}

}  // namespace fairlead::engine
