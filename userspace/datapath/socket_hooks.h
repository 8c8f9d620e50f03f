// The programs that rewrite a socket's destination when it connects or sends.
#pragma once

#include <string>

#include "base/error.h"
#include "datapath/pins.h"

struct bpf_object;

namespace fairlead::datapath {

// Attaches every program of `object` to the cgroup v2 folder, or swaps those that an earlier daemon
// attached there. All or none: a failure detaches what was attached. unsupported if `cgroup` is no
// cgroup v2 folder.
Status attach_socket_hooks(bpf_object* object, const std::string& cgroup, const Pins& pins);

// What is not attached is success.
Status detach_socket_hooks(const Pins& pins);

}  // namespace fairlead::datapath
