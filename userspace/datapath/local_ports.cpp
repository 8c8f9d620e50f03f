#include "datapath/local_ports.h"

#include <fstream>
#include <sstream>

namespace fairlead::datapath {

std::optional<std::string> local_ports_problem(std::string_view range, std::uint16_t first,
                                               std::uint16_t last) {
  std::istringstream in{std::string(range)};
  unsigned low = 0;
  unsigned high = 0;
  if (!(in >> low >> high) || high < first || low > last) return std::nullopt;
  const std::string own = std::to_string(low) + "-" + std::to_string(high);
  const std::string ours = std::to_string(first) + "-" + std::to_string(last);
  return "the host's own connections use ports " + own + ", and containers' connections " + ours +
         ": where they meet, each takes ports from the other. Set net.ipv4.ip_local_port_range " +
         "or nat.port_range so that they do not meet";
}

std::optional<std::string> local_ports_problem(std::uint16_t first, std::uint16_t last) {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return local_ports_problem(line, first, last);
}

}  // namespace fairlead::datapath
