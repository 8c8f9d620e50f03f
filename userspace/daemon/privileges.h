// What root gives up.
#pragma once

#include "base/error.h"

namespace fairlead::daemon {

// Keeps the capabilities that the daemon's work needs, of those it was started with. Before any
// thread is made: capabilities belong to threads.
Status drop_privileges();

}  // namespace fairlead::daemon
