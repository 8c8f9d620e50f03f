// Questions to fairleadd.
#pragma once

#include <string>

#include "cni-shim/call.h"
#include "cni-shim/failure.h"
#include "http/message.h"

namespace fairlead::cni {

// The body of its answer. A daemon that is busy is asked again until shortly before `deadline`.
// Errors: daemon_away (nobody answers), again (it was busy all the time), and what the daemon
// refuses, by its kind: config, conflict, exhausted, kernel, cluster_away, internal.
Outcome<std::string> ask(const std::string& socket, const http::Request& request,
                         Deadline deadline);

}  // namespace fairlead::cni
