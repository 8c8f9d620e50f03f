// The ports that the host takes for its own connections.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::datapath {

// What to say of net.ipv4.ip_local_port_range ("32768\t60999", both families) if it meets the
// masquerade ports from `first` to `last`; nothing if it does not, or cannot be understood.
std::optional<std::string> local_ports_problem(std::string_view range, std::uint16_t first,
                                               std::uint16_t last);

// The same for the range of the calling thread's network namespace.
std::optional<std::string> local_ports_problem(std::uint16_t first, std::uint16_t last);

}  // namespace fairlead::datapath
