// Does the kernel count what a sockmap puts into a socket's receive queue?
#pragma once

#include "base/error.h"

namespace fairlead::datapath {

// Linux 6.18 and 6.1.192 do. Without that nothing tells how much a reader has left, and a sender
// could fill the memory of the host. Tried with two sockets on loopback.
// unsupported: it does not; as fail_errno() if it could not be tried.
Status queue_is_bounded();

}  // namespace fairlead::datapath
