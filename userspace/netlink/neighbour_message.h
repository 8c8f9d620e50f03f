// One neighbour as the kernel tells it.
#pragma once

#include <optional>

#include "netlink/links.h"

struct nlmsghdr;

namespace fairlead::netlink {

// Of RTM_NEWNEIGH or RTM_DELNEIGH; nothing for one without an address, or cut short.
std::optional<Neighbour> neighbour_of(nlmsghdr* message);

}  // namespace fairlead::netlink
