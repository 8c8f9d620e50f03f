#include "http/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <system_error>

namespace fairlead::http {

namespace {

constexpr int kBacklog = 128;

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path))
    return fail(Errc::invalid_argument, "socket path \"" + path + "\" must have 1 to " +
                                            std::to_string(sizeof(address.sun_path) - 1) +
                                            " characters");
  path.copy(address.sun_path, path.size());
  return address;
}

Result<UniqueFd> new_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail_errno("make a unix socket");
  return UniqueFd(fd);
}

// A file that is in the way: gone afterwards, or the reason why it must stay.
Status remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("look at " + path);
  }
  if (!S_ISSOCK(info.st_mode))
    return fail(Errc::invalid_argument, path + " exists and is not a socket: remove it");

  auto probe = new_socket();
  if (!probe) return std::unexpected(std::move(probe).error());
  // EAGAIN: somebody listens whose backlog is full.
  if (::connect(probe->get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EAGAIN)
    return fail(Errc::conflict,
                "another process listens on " + path + ": is a second fairleadd running?");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove stale " + path);
  return {};
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return std::unexpected(address.error());

  std::error_code failed;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  if (failed) return fail_errno("make folder " + folder.string(), failed.value());

  if (auto gone = remove_stale(path, *address); !gone)
    return std::unexpected(std::move(gone).error());

  auto fd = new_socket();
  if (!fd) return fd;
  // fchmod on the unbound socket sets the mode that bind gives the file: no moment with a wider
  // one.
  if (::fchmod(fd->get(), 0600) != 0) return fail_errno("set the mode of " + path);
  if (::bind(fd->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0)
    return fail_errno("bind " + path);
  if (::chmod(path.c_str(), 0600) != 0) return fail_errno("set the mode of " + path);
  if (::listen(fd->get(), kBacklog) != 0) return fail_errno("listen on " + path);
  return fd;
}

Result<UniqueFd> adopt_listener(int fd) {
  const std::string what = "inherited fd " + std::to_string(fd);
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) != 0) return fail_errno(what);
  if (value == 0) return fail(Errc::invalid_argument, what + " does not listen");
  size = sizeof(value);
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &size) != 0) return fail_errno(what);
  if (value != AF_UNIX) return fail(Errc::invalid_argument, what + " is not a unix socket");

  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return fail_errno(what);
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return fail_errno(what);
  return UniqueFd(fd);
}

std::string bound_path(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  if (address.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) return "";
  return {address.sun_path, ::strnlen(address.sun_path, size - offsetof(sockaddr_un, sun_path))};
}

}  // namespace fairlead::http
