// The network namespace that a runtime names.
#pragma once

#include <string>

#include "base/unique_fd.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

// Opens it; close-on-exec. Errors: netns (no such file, not a network namespace, or the one that
// this process is in, unless `own_allowed`).
Outcome<UniqueFd> open_namespace(const std::string& path, bool own_allowed);

}  // namespace fairlead::cni
