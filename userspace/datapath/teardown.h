// Taking the data path off a host without a daemon.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::datapath {

// Detaches every program that uses the maps pinned under `pin_dir` from the devices of the caller's
// network namespace and from cgroups, removes all pins and the folder itself. Returns what was
// removed, for people. Other instances' programs stay: they use other maps. A folder that is not
// there is success. Goes on past failures and reports them together.
Result<std::vector<std::string>> tear_down(const std::string& pin_dir);

}  // namespace fairlead::datapath
