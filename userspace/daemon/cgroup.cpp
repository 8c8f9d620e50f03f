#include "daemon/cgroup.h"

#include <fstream>
#include <sstream>

namespace fairlead::daemon {

std::string find_cgroup_mount(const std::string& mounts) {
  std::istringstream lines(mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string source;
    std::string folder;
    std::string type;
    if (fields >> source >> folder >> type && type == "cgroup2") return folder;
  }
  return "";
}

std::string find_cgroup(const std::string& setting) {
  if (setting == "off") return "";
  if (setting != "auto") return setting;
  std::ostringstream mounts;
  mounts << std::ifstream("/proc/self/mounts").rdbuf();
  return find_cgroup_mount(mounts.str());
}

}  // namespace fairlead::daemon
