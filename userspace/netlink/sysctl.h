// Kernel settings of one device.
#pragma once

#include <string>

#include "base/error.h"
#include "model/address.h"

namespace fairlead::netlink {

// Writes /proc/sys/net/<family>/conf/<device>/<name>; only ever one device's own, never "all" or
// "default" (invalid_argument). Does nothing if it holds that value, and nothing for IPv6 in a
// kernel without IPv6.
Status set_device_sysctl(Family family, const std::string& device, const std::string& name,
                         const std::string& value);

// Does it hold `value` now? `device` may be "all". False if there is no such setting.
bool has_device_sysctl(Family family, const std::string& device, const std::string& name,
                       const std::string& value);

}  // namespace fairlead::netlink
