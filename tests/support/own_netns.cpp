#include "own_netns.h"

#include <net/if.h>
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace fairlead::test {

bool enter_own_netns(std::string* why) {
  static bool entered = false;
  if (entered) return true;
  if (unshare(CLONE_NEWNET) != 0) {
    *why = std::string("cannot make a network namespace: ") + std::strerror(errno) +
           ": run the test as root";
    return false;
  }
  entered = true;
  return ip("link set lo up", why);
}

bool ip(const std::string& commands, std::string* why) {
  FILE* pipe = popen("ip -batch - 2>&1", "we");
  if (pipe == nullptr) {
    *why = std::string("cannot run ip: ") + std::strerror(errno);
    return false;
  }
  std::fwrite(commands.data(), 1, commands.size(), pipe);
  if (pclose(pipe) == 0) return true;
  *why = "ip -batch failed, its message is above; the commands were:\n" + commands;
  return false;
}

bool set_sysctl(const std::string& path, const std::string& value, std::string* why) {
  std::ofstream file("/proc/sys/net/" + path);
  file << value;
  if (file.flush()) return true;
  *why = "cannot write " + value + " to /proc/sys/net/" + path;
  return false;
}

std::uint32_t ifindex_of(const char* device) { return if_nametoindex(device); }

}  // namespace fairlead::test
