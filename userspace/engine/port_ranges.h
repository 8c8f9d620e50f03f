// Published ports as ranges: Docker names each port of a range by itself.
#pragma once

#include <vector>

#include "model/network.h"

namespace fairlead::engine {

// Consecutive ports become one binding with a count, where host and container ports go up together
// on the same addresses. Addresses keep their order.
std::vector<PortBinding> as_ranges(const std::vector<PortBinding>& ports);

// The nth port of a range, 0 being the first, by itself.
PortBinding nth_port(const PortBinding& range, unsigned n);

// Is this single port one of these ranges', between the same addresses and ports?
bool has_port(const std::vector<PortBinding>& ranges, const PortBinding& port);

}  // namespace fairlead::engine
