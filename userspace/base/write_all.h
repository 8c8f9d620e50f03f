// Writing to the end, however often the kernel takes only part of it.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace fairlead {

// False: not all of it was written; errno says why.
inline bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace fairlead
