// The qdisc that classic TC programs hang on.
#pragma once

#include "base/error.h"

namespace fairlead::netlink {

// Removes the clsact qdisc of a device of the caller's network namespace if no filter is left in
// it, whoever made it: an empty one does nothing. Success if there is none, or it is in use.
Status remove_unused_clsact(int link);

}  // namespace fairlead::netlink
