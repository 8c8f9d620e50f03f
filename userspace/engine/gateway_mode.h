// Is a network routed? Docker asks by family, fairlead answers for both.
#pragma once

#include <string>

#include "base/error.h"
#include "engine/verbs.h"

namespace fairlead::engine {

// A value of com.docker.network.bridge.gateway_mode_ipv4 or _ipv6: "nat" or "routed".
// Errors: invalid_argument, which names both.
Status check_gateway_mode(const std::string& text);

// Sets request.routed by all options that speak of it, which are in request.options and valid.
// Errors: invalid_argument if they contradict each other.
Status settle_routed(NetworkRequest& request);

}  // namespace fairlead::engine
