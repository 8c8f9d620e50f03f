// The same binary as a plugin of netavark, podman's own network stack from 4.5 on.
#pragma once

#include "cni-shim/call.h"

namespace fairlead::cni {

// Called as `fairlead`, which is the driver's name in podman, or with one of netavark's commands.
bool is_netavark(const Call& call);

// create, setup NETNS, teardown NETNS, info. `output` is what netavark's plugin API asks for, or
// {"error": ...} with `status` 1.
Reply run_netavark(const Call& call);

}  // namespace fairlead::cni
