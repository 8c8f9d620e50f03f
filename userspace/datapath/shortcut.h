// TCP between containers of this host, from socket to socket: bpf/socket_shortcut.bpf.c.
#pragma once

#include <string>

#include "base/error.h"
#include "datapath/pins.h"

struct bpf_object;

namespace fairlead::datapath {

// Connections that open from now on are taken, of sockets below the cgroup v2 folder; those that an
// earlier daemon's programs took go on. `object`: socket_shortcut, loaded. Errors: unsupported (no
// cgroup v2 folder, or a kernel that would queue without bound: queue_probe.h), or as fail_errno().
Status attach_shortcut(bpf_object* object, const std::string& cgroup, const Pins& pins);

// No connection is taken any more. What is not attached is success.
Status detach_shortcut(const Pins& pins);

}  // namespace fairlead::datapath
