// Does the kernel count what a sockmap puts into a socket's receive queue?
#pragma once

#include "base/error.h"

namespace fairlead::datapath {

// Without that (Linux 6.13, and stable kernels that took it over) nothing tells how much a reader
// has left, and a sender could fill the memory of the host. Tried with two sockets on loopback.
// unsupported: it does not; as fail_errno() if it could not be tried.
Status queue_is_bounded();

}  // namespace fairlead::datapath
