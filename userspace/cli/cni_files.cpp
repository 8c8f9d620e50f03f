#include "cli/cni_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/unique_fd.h"

namespace fairlead::cli {

namespace {

namespace fs = std::filesystem;
using std::error_code;

constexpr const char* kPlugin = "fairlead-cni";
constexpr const char* kLinkFolder = "/opt/cni/bin";
// Of Debian, of Fedora; and of everybody's documentation.
constexpr std::array<const char*, 3> kPluginFolders{"/usr/lib/cni", "/usr/libexec/cni",
                                                    kLinkFolder};

std::unexpected<Error> broken(const std::string& what, const error_code& failed) {
  return fail_errno(what, failed.value());
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string file_name(const std::string& name, bool first) {
  return std::string(first ? "05" : "87") + "-fairlead-" + name + ".conflist";
}

struct Found {
  std::string path;
  Conflist list;
};

// Every list in the folder, by name of the file.
std::vector<Found> find_lists(const std::string& folder) {
  std::vector<Found> out;
  error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const fs::path& path = entry->path();
    error_code ignored;
    if (path.extension() != ".conflist" || !entry->is_regular_file(ignored)) continue;
    if (auto list = parse_conflist(read_file(path)))
      out.push_back({path.string(), *std::move(list)});
  }
  std::ranges::sort(out, {}, &Found::path);
  return out;
}

// Whole or not at all, and never what somebody runs: by another name first.
Status replace_file(const std::string& path, const std::string& content, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const int raw = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (raw < 0) return fail_errno(path);
  UniqueFd fd(raw);
  bool written = true;
  for (std::size_t at = 0; written && at < content.size();) {
    const ssize_t done = ::write(raw, content.data() + at, content.size() - at);
    written = done > 0;
    if (written) at += static_cast<std::size_t>(done);
  }
  written = written && ::fchmod(raw, mode) == 0 && ::fsync(raw) == 0;
  // Closed before it has its name: a program that is open for writing cannot be run.
  fd = UniqueFd();
  if (written && ::rename(temporary.c_str(), path.c_str()) == 0) return {};
  auto failure = fail_errno(path);
  ::unlink(temporary.c_str());
  return failure;
}

Result<std::string> plugin_to_copy(const CniFolders& folders) {
  if (!folders.binary.empty()) return folders.binary;
  error_code failed;
  const fs::path here = fs::read_symlink("/proc/self/exe", failed).parent_path();
  // Beside this command; as installed below one prefix; in a build folder.
  for (const fs::path& path :
       {here / kPlugin, here / "../libexec/fairlead" / kPlugin, here / "../../cni-shim" / kPlugin})
    if (fs::is_regular_file(path, failed)) return path.lexically_normal().string();
  return fail(Errc::not_found, std::string("no ") + kPlugin + " beside " + here.string() +
                                   " nor in ../libexec/fairlead: say where it is with --binary");
}

std::string plugin_folder(const CniFolders& folders) {
  if (!folders.binaries.empty()) return folders.binaries;
  error_code failed;
  const auto* found = std::ranges::find_if(
      kPluginFolders, [&failed](const char* folder) { return fs::is_directory(folder, failed); });
  return found == kPluginFolders.end() ? kPluginFolders.front() : *found;
}

// The link that runtimes with their own idea of folders need; empty: none.
std::string link_path(const CniFolders& folders) {
  error_code failed;
  if (!folders.binaries.empty() || plugin_folder(folders) == kLinkFolder ||
      !fs::is_directory(kLinkFolder, failed))
    return {};
  return std::string(kLinkFolder) + "/" + kPlugin;
}

Status replace_link(const std::string& path, const std::string& target) {
  const std::string temporary = path + ".new";
  error_code failed;
  fs::remove(temporary, failed);
  fs::create_symlink(target, temporary, failed);
  if (failed) return broken(path, failed);
  fs::rename(temporary, path, failed);
  if (failed) return broken(path, failed);
  return {};
}

Status install_plugin(const CniFolders& folders, std::vector<std::string>& written) {
  auto source = plugin_to_copy(folders);
  if (!source) return std::unexpected(std::move(source).error());
  const std::string folder = plugin_folder(folders);
  const std::string target = folder + "/" + kPlugin;
  error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return broken(folder, failed);
  if (!fs::equivalent(*source, target, failed)) {
    const std::string content = read_file(*source);
    if (content.empty()) return fail(Errc::not_found, *source + ": cannot be read, or is empty");
    if (auto done = replace_file(target, content, 0755); !done) return done;
    written.push_back(target);
  }
  if (const std::string link = link_path(folders); !link.empty()) {
    if (auto done = replace_link(link, target); !done) return done;
    written.push_back(link);
  }
  return {};
}

Status check_name_is_free(const std::vector<Found>& lists, const std::string& path,
                          const std::string& name) {
  for (const Found& each : lists)
    if (each.list.name == name && !each.list.ours)
      return fail(Errc::conflict, each.path + " has a network of the name " + name +
                                      " that is not fairlead's: choose another with --name");
  error_code failed;
  const bool known = std::ranges::any_of(
      lists, [&path](const Found& each) { return each.path == path && each.list.ours; });
  if (!known && fs::exists(path, failed))
    return fail(Errc::conflict, path + " is there and is not fairlead's: remove it first");
  return {};
}

void remove_plugin(const CniFolders& folders, std::vector<std::string>& removed) {
  const std::string target = plugin_folder(folders) + "/" + kPlugin;
  error_code failed;
  if (const std::string link = link_path(folders);
      !link.empty() && fs::read_symlink(link, failed) == target && fs::remove(link, failed))
    removed.push_back(link);
  if (fs::remove(target, failed)) removed.push_back(target);
}

}  // namespace

Result<std::vector<std::string>> install_cni(const CniFolders& folders, const ConflistWish& wish,
                                             bool first) {
  const std::string path = folders.configurations + "/" + file_name(wish.name, first);
  const auto lists = find_lists(folders.configurations);
  if (auto done = check_name_is_free(lists, path, wish.name); !done)
    return std::unexpected(std::move(done).error());
  std::vector<std::string> written;
  if (auto done = install_plugin(folders, written); !done)
    return std::unexpected(std::move(done).error());
  error_code failed;
  fs::create_directories(folders.configurations, failed);
  if (failed) return broken(folders.configurations, failed);
  if (auto done = replace_file(path, format_conflist(wish), 0644); !done)
    return std::unexpected(std::move(done).error());
  written.push_back(path);
  for (const Found& each : lists)
    if (each.list.name == wish.name && each.path != path) fs::remove(each.path, failed);
  return written;
}

Result<std::vector<std::string>> uninstall_cni(const CniFolders& folders, const std::string& name) {
  std::vector<std::string> removed;
  std::size_t left = 0;
  for (const Found& each : find_lists(folders.configurations)) {
    if (each.list.name != name) {
      left += each.list.ours ? 1 : 0;
      continue;
    }
    const std::string file = fs::path(each.path).filename().string();
    if (!each.list.ours || (file != file_name(name, true) && file != file_name(name, false)))
      return fail(Errc::conflict,
                  each.path + " was not written by fairlead cni install: remove it by hand");
    error_code failed;
    if (!fs::remove(each.path, failed)) return broken(each.path, failed);
    removed.push_back(each.path);
  }
  if (removed.empty())
    return fail(Errc::not_found, folders.configurations + " has no network " + name);
  if (left == 0) remove_plugin(folders, removed);
  return removed;
}

CniView look_at_cni(const CniFolders& folders) {
  CniView out;
  for (const Found& each : find_lists(folders.configurations))
    if (each.list.ours) out.files.push_back({each.path, each.list.name, each.list.network});
  std::vector<std::string> where(kPluginFolders.begin(), kPluginFolders.end());
  if (!folders.binaries.empty()) where = {folders.binaries};
  for (const std::string& folder : where) {
    const std::string path = folder + "/" + kPlugin;
    if (::access(path.c_str(), X_OK) == 0) out.binaries.push_back(path);
  }
  return out;
}

}  // namespace fairlead::cli
