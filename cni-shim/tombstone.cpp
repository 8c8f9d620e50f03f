#include "cni-shim/tombstone.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/unique_fd.h"
#include "base/write_all.h"

namespace fairlead::cni {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";
constexpr std::size_t kLongestName = 255;  // of a file

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         c == '.' || c == '-';
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

// Only the name has to tell attachments apart; what it is about stands in the file. FNV-1a.
std::string shortened(const std::string& name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += kDigits[(hash >> shift) & 15];
  return name.substr(0, 200) + "." + digits;
}

std::unexpected<Failure> bad(const std::string& path) {
  return refuse(Code::io, "fairleadd does not answer, and " + path + " cannot be written for it: " +
                              std::system_category().message(errno));
}

}  // namespace

std::string tombstone_name(const AttachmentKey& key) {
  std::string name =
      encoded(key.config) + "." + encoded(key.container) + "." + encoded(key.interface);
  if (name.size() + std::string_view(".json").size() > kLongestName) name = shortened(name);
  return name + ".json";
}

Outcome<void> leave_tombstone(const std::string& state_dir, const AttachmentKey& key,
                              const std::string& body) {
  const std::string folder = state_dir + "/detached";
  const std::string path = folder + "/" + tombstone_name(key);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);  // an error shows at mkostemp

  // Not ending in .json: the daemon passes over what is not whole yet.
  std::string temporary = folder + "/.new-XXXXXX";
  const int raw = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (raw < 0) return bad(path);
  const UniqueFd fd(raw);
  if (write_all(fd.get(), body) && ::fsync(fd.get()) == 0 &&
      ::rename(temporary.c_str(), path.c_str()) == 0)
    return {};
  auto failure = bad(path);
  ::unlink(temporary.c_str());
  return failure;
}

}  // namespace fairlead::cni
