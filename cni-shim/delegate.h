// Another IPAM plugin, run by us.
#pragma once

#include <string>

#include "cni-shim/call.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

// The file `name` in the first folder of `path` (separated by ':') that has it and lets us run it.
// Errors: environment.
Outcome<std::string> find_plugin(const std::string& name, const std::string& path);

// Runs the plugin `name`, found by CNI_PATH, with all of `call`'s environment and input,
// CNI_COMMAND being `verb`; its stderr is ours. Returns its stdout. It is killed at the deadline.
// Errors: environment (not found), io, again (killed), what its error object says.
Outcome<std::string> run_plugin(const std::string& name, const std::string& verb, const Call& call);

}  // namespace fairlead::cni
