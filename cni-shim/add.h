// ADD. Internal to this folder.
#pragma once

#include <string>

#include "cni-shim/call.h"
#include "cni-shim/config.h"

namespace fairlead::cni {

// The result, for stdout. Undoes what another IPAM did if it fails.
Outcome<std::string> add(const Call& call, const Invocation& invocation, const Config& config);

}  // namespace fairlead::cni
