// What the shim writes to stdout for a CNI runtime, and the result that it got from plugins before.
#pragma once

#include <string>
#include <string_view>

#include "cni-shim/attachment.h"
#include "cni-shim/config.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

std::string format_error(const std::string& version, const Failure& failure);
std::string format_versions(const std::string& version);

// ADD: errors: config (a plugin before us has made this interface, or its result is none).
Outcome<void> check_before_add(const Config& config, const Invocation& call);
// CHECK: errors: config (no result of ADD was given, or it does not have what fairlead made).
Outcome<void> check_result(const Config& config, const Invocation& call, const Attachment& made);

// The result of ADD: what plugins before us made, untouched, and ours behind it.
Outcome<std::string> format_result(const Config& config, const Invocation& call,
                                   const Attachment& made, const IpamResult* ipam);

// What another plugin's error object says; code internal with the text itself if it is none.
Failure parse_error(std::string_view text);

}  // namespace fairlead::cni
