// Taking a container off a network, whether the daemon answers or not. Internal to this folder.
#pragma once

#include <string>

#include "cni-shim/attachment.h"
#include "cni-shim/call.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

// What the daemon does not know is success. A daemon that is away, or waits for another host, finds
// a tombstone: that is success as well, and `log` says so. Errors: io (no tombstone could be
// left), and what the daemon refuses.
Outcome<void> detach(const AttachmentKey& key, const std::string& socket,
                     const std::string& state_dir, Deadline deadline, std::string& log);

}  // namespace fairlead::cni
