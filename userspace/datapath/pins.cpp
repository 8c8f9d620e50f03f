#include "datapath/pins.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace fairlead::datapath {

Status Pins::make_folders() const {
  std::error_code error;
  // The folder itself may be the mount point.
  const bool exists = std::filesystem::exists(root_, error);
  const auto parent =
      exists ? std::filesystem::path(root_) : std::filesystem::path(root_).parent_path();
  struct statfs file_system {};
  if (::statfs(parent.c_str(), &file_system) != 0)
    return fail_errno("pin folder " + root_ + ": " + parent.string());
  if (static_cast<unsigned long>(file_system.f_type) != BPF_FS_MAGIC)
    return fail(Errc::unsupported, "pin folder " + root_ + ": " + parent.string() +
                                       " is not on a BPF file system; mount one with 'mount -t bpf "
                                       "bpf /sys/fs/bpf', or choose another pin folder");
  for (const auto& folder : {root_, root_ + "/maps", root_ + "/links"}) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return fail_errno("make pin folder " + folder);
  }
  return {};
}

std::string Pins::link(const char* kind, const std::string& device) const {
  std::string name = device;
  std::ranges::replace(name, '.', ':');
  return root_ + "/links/" + kind + name;
}

std::vector<std::string> Pins::linked(const char* kind) const {
  std::vector<std::string> devices;
  std::error_code error;
  const std::string_view prefix(kind);
  for (std::filesystem::directory_iterator entry(root_ + "/links", error), end;
       !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    name.erase(0, prefix.size());
    std::ranges::replace(name, ':', '.');
    devices.push_back(std::move(name));
  }
  return devices;
}

Status remove_pin(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("remove pin " + path);
}

}  // namespace fairlead::datapath
