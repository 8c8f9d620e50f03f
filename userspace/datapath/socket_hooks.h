// The programs that rewrite a socket's destination when it connects or sends.
#pragma once

#include <string>

#include "base/error.h"
#include "datapath/pins.h"

struct bpf_object;

namespace fairlead::datapath {

// Attaches every program of `object` that belongs to a cgroup to that cgroup v2 folder, or swaps
// those that an earlier daemon attached there; `kind` begins the pins' names. All or none: a
// failure detaches what was attached. unsupported if `cgroup` is no cgroup v2 folder.
Status attach_socket_hooks(bpf_object* object, const std::string& cgroup, const Pins& pins,
                           const char* kind = kSocketPin);

// What is not attached is success.
Status detach_socket_hooks(const Pins& pins, const char* kind = kSocketPin);

}  // namespace fairlead::datapath
