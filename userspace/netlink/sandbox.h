// The container's end of a veth pair, seen from inside the container's network namespace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/network.h"
#include "netlink/links.h"

namespace fairlead::netlink {

// Errors: invalid_argument: it is no network namespace, or it is the caller's own. `sandbox` is an
// open file.
Status check_sandbox(int sandbox);

// As Links::configure() and Links::look_into().
Status configure_sandbox(int sandbox, const SandboxRequest& want);
Result<SandboxView> look_into_sandbox(int sandbox, const std::string& device);

}  // namespace fairlead::netlink
