#include "datapath/teardown.h"

#include <bpf/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/unique_fd.h"
#include "datapath/failures.h"
#include "datapath/libbpf_log.h"
#include "datapath/link.h"
#include "datapath/pins.h"

namespace fairlead::datapath {

namespace {

constexpr std::size_t kMostMaps = 64;  // of one program; ours use 20 and their constants

std::vector<std::filesystem::path> files_of(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    files.push_back(entry->path());
  return files;
}

std::set<std::uint32_t> pinned_map_ids(const std::string& pin_dir) {
  std::set<std::uint32_t> ids;
  for (const auto& file : files_of(pin_dir + "/maps")) {
    const UniqueFd map(bpf_obj_get(file.c_str()));
    bpf_map_info info{};
    std::uint32_t size = sizeof(info);
    if (map && bpf_obj_get_info_by_fd(map.get(), &info, &size) == 0) ids.insert(info.id);
  }
  return ids;
}

bool uses_one_of(std::uint32_t program, const std::set<std::uint32_t>& maps) {
  const UniqueFd fd(bpf_prog_get_fd_by_id(program));
  std::vector<std::uint32_t> ids(kMostMaps);
  bpf_prog_info info{};
  info.nr_map_ids = static_cast<std::uint32_t>(ids.size());
  info.map_ids = reinterpret_cast<std::uint64_t>(ids.data());
  std::uint32_t size = sizeof(info);
  if (!fd || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) return false;
  ids.resize(std::min<std::size_t>(info.nr_map_ids, ids.size()));
  return std::ranges::any_of(ids, [&](std::uint32_t id) { return maps.contains(id); });
}

void detach_filters(const std::set<std::uint32_t>& maps, Failures& failures,
                    std::vector<std::string>& removed) {
  struct if_nameindex* devices = ::if_nameindex();
  if (!devices) return failures.add(fail_errno("list devices").error());
  for (const auto* device = devices; device->if_index != 0; ++device) {
    const auto index = static_cast<int>(device->if_index);
    for (const auto direction : {Direction::ingress, Direction::egress}) {
      const unsigned program = clsact_program(index, direction);
      if (program == 0 || !uses_one_of(program, maps)) continue;
      auto gone = detach_clsact(index, direction, device->if_name);
      if (gone) removed.push_back(std::string("filter of ") + device->if_name);
      failures.add(std::move(gone));
    }
  }
  ::if_freenameindex(devices);
}

}  // namespace

Result<std::vector<std::string>> tear_down(const std::string& pin_dir) {
  set_libbpf_sink(nullptr);  // it complains of devices without our filter
  std::vector<std::string> removed;
  Failures failures;
  // While the pins tell which maps are ours.
  const auto maps = pinned_map_ids(pin_dir);
  if (!maps.empty()) detach_filters(maps, failures, removed);
  const auto note = [&](const std::filesystem::path& file, Status gone) {
    if (gone) removed.push_back(file);
    failures.add(std::move(gone));
  };
  for (const auto& file : files_of(pin_dir + "/links")) note(file, detach_link(file));
  for (const auto& file : files_of(pin_dir + "/maps")) note(file, remove_pin(file));
  for (const auto& folder : {pin_dir + "/links", pin_dir + "/maps", pin_dir}) {
    if (::rmdir(folder.c_str()) != 0 && errno != ENOENT)
      failures.add(fail_errno("remove folder " + folder).error());
  }
  if (auto result = failures.result(); !result) return std::unexpected(std::move(result).error());
  return removed;
}

}  // namespace fairlead::datapath
