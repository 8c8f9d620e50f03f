// What a DEL leaves behind when nobody answers it: the daemon detaches later. A DEL that failed
// would keep the container from being deleted, one that lied would leak its address.
#pragma once

#include <string>

#include "cni-shim/attachment.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

// Name of its file: CONFIG.CONTAINER.INTERFACE.json, bytes that are no part of a plain file name as
// %XX.
std::string tombstone_name(const AttachmentKey& key);

// Writes `body`, what /v1/attachments/detach would have been sent, whole or not at all. Twice is
// once. Errors: io.
Outcome<void> leave_tombstone(const std::string& state_dir, const AttachmentKey& key,
                              const std::string& body);

}  // namespace fairlead::cni
