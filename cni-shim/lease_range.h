// Ranges of addresses as podman keeps them.
#pragma once

#include <string>

#include "cni-shim/failure.h"

namespace fairlead::cni {

// The prefix of which first..last are all addresses, or all but the first and the last of the
// prefix. An empty end is that of `subnet`; both empty: empty. Errors: config (no addresses, or no
// prefix is like that).
Outcome<std::string> prefix_of_range(const std::string& subnet, const std::string& first,
                                     const std::string& last);

}  // namespace fairlead::cni
