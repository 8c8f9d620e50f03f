#include "cni-shim/namespace_file.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <system_error>

#include "base/quote.h"

namespace fairlead::cni {

namespace {

constexpr decltype(statfs::f_type) kNamespaceMagic = 0x6e736673;  // NSFS_MAGIC, linux/magic.h

std::unexpected<Failure> bad(const std::string& path, const std::string& why) {
  return refuse(Code::netns, "CNI_NETNS " + fairlead::quoted(path) + ": " + why);
}

bool is_network_namespace(int fd) {
  struct statfs where {};
  return ::fstatfs(fd, &where) == 0 && where.f_type == kNamespaceMagic &&
         ::ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

bool is_own(int fd) {
  struct stat asked {};
  struct stat own {};
  return ::fstat(fd, &asked) == 0 && ::stat("/proc/self/ns/net", &own) == 0 &&
         asked.st_dev == own.st_dev && asked.st_ino == own.st_ino;
}

}  // namespace

Outcome<UniqueFd> open_namespace(const std::string& path, bool own_allowed) {
  // Not blocking: a path that leads to a FIFO must not hold the runtime.
  const int raw = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (raw < 0) return bad(path, std::system_category().message(errno));
  UniqueFd fd(raw);
  if (!is_network_namespace(fd.get())) return bad(path, "is no network namespace");
  if (!own_allowed && is_own(fd.get()))
    return bad(path,
               "is the network namespace that fairlead-cni runs in, the host's; with "
               "CNI_NETNS_OVERRIDE=1 it is taken nevertheless");
  return fd;
}

}  // namespace fairlead::cni
