// Where socket hooks are attached.
#pragma once

#include <string>

namespace fairlead::daemon {

// The setting `cgroup` as a folder: "off": "". "auto": where cgroup v2 is mounted, "" if it is not.
// Anything else: itself.
std::string find_cgroup(const std::string& setting);

// The same for "auto", from a text like /proc/self/mounts.
std::string find_cgroup_mount(const std::string& mounts);

}  // namespace fairlead::daemon
