// Removing devices without a daemon that knows of them.
#pragma once

#include <string>
#include <vector>

#include "netlink/links.h"

namespace fairlead::netlink {

// Removes every veth whose name begins with `prefix`, and with it its other end, wherever that is;
// returns the names. Goes on past failures and reports them together. invalid_argument for an
// empty prefix, which would be every device.
Result<std::vector<std::string>> remove_veths(Links& links, const std::string& prefix);

}  // namespace fairlead::netlink
