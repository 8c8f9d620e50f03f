#include "netlink/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/unique_fd.h"

namespace fairlead::netlink {

namespace {

bool holds(const std::string& path, const std::string& value) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  return size > 0 && std::string_view(text.data(), static_cast<std::size_t>(size)) == value + "\n";
}

std::string path_of(Family family, const std::string& device, const std::string& name) {
  return std::string("/proc/sys/net/") + (family == Family::v4 ? "ipv4" : "ipv6") + "/conf/" +
         device + "/" + name;
}

}  // namespace

bool has_device_sysctl(Family family, const std::string& device, const std::string& name,
                       const std::string& value) {
  return holds(path_of(family, device, name), value);
}

Status set_device_sysctl(Family family, const std::string& device, const std::string& name,
                         const std::string& value) {
  if (device.empty() || device == "all" || device == "default" ||
      device.find('/') != std::string::npos || device == "." || device == "..")
    return fail(Errc::invalid_argument, "set " + name + ": \"" + device + "\" is no device");
  const std::string root = std::string("/proc/sys/net/") + (family == Family::v4 ? "ipv4" : "ipv6");
  if (family == Family::v6 && ::access(root.c_str(), F_OK) != 0) return {};

  const std::string path = path_of(family, device, name);
  if (holds(path, value)) return {};
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return fail_errno("open " + path + " to write " + value);
  if (::write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
    return fail_errno("write " + value + " to " + path);
  return {};
}

}  // namespace fairlead::netlink
