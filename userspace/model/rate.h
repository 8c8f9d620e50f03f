// How much a container may send and receive: fairlead.rate.egress and fairlead.rate.ingress,
// options of networks and endpoints, and CNI's capability `bandwidth`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead {

// As the container sees it: what it sends is egress. Frames count whole, Ethernet header included,
// and tunnels around them do not.
struct Rate {
  std::uint64_t egress = 0;  // bit/s; 0: no limit
  std::uint64_t ingress = 0;
  std::uint64_t egress_burst = 0;  // bits that pass at once after a pause; 0: chosen
  std::uint64_t ingress_burst = 0;

  bool operator==(const Rate&) const = default;
};

inline constexpr std::uint64_t kLowestRate = 1'000;               // bit/s
inline constexpr std::uint64_t kHighestRate = 1'000'000'000'000;  // bit/s

// "1000000", "10m", "2.5gbit": bit/s, suffixes in thousands and in any letter case. Errors:
// invalid_argument.
Result<std::uint64_t> parse_rate(std::string_view text);
// The same the other way, as short as is exact: "10mbit", "1500kbit", "1001bit".
std::string rate_text(std::uint64_t bits_per_second);

// invalid_argument, unless every limit is within the bounds above.
Status check_rate(const Rate& rate);

// What holds for an endpoint: each direction by its own limit, else by its network's.
Rate rate_of(const Rate& network, const Rate& endpoint);

// What they are called, for messages.
inline constexpr std::string_view kRateOptions = "fairlead.rate.egress, fairlead.rate.ingress";

bool is_rate_option(std::string_view name);  // whatever begins with "fairlead.rate."

// All of them that are among `options`. Errors: invalid_argument, with the option's name, also for
// one that there is not.
Result<Rate> rate_options(const std::map<std::string, std::string>& options);

}  // namespace fairlead
