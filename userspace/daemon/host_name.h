// What this machine is called.
#pragma once

#include <string>

namespace fairlead::daemon {

// gethostname(2); empty if it has no name.
std::string host_name();

}  // namespace fairlead::daemon
