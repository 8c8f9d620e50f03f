// A program at a device's XDP hook, in the driver.
#pragma once

#include <string>

#include "base/error.h"

namespace fairlead::datapath {

// Attaches, or swaps the program that an earlier daemon attached. Never generic XDP: that comes
// after GRO and copies what GRO has made. The link is pinned; detach_link() detaches.
// Errors: conflict (another program is there: it stays), unsupported (the driver has no XDP, or not
// with this device's settings), or as fail_errno().
Status attach_xdp(int program, const std::string& device, int index, const std::string& pin);

}  // namespace fairlead::datapath
