#include "base/error.h"

#include <system_error>

namespace fairlead {

namespace {

Errc code_of(int sys_errno) {
  switch (sys_errno) {
    case ENOENT:
    case ENODEV:
    case ESRCH:
    case ENXIO:
      return Errc::not_found;
    case EEXIST:
      return Errc::already_exists;
    case EADDRINUSE:
    case EBUSY:
      return Errc::conflict;
    case ENOSPC:
    case E2BIG:
    case EMFILE:
    case ENFILE:
      return Errc::exhausted;
    case EOPNOTSUPP:
    case ENOSYS:
      return Errc::unsupported;
    case EINVAL:
    case EADDRNOTAVAIL:
      return Errc::invalid_argument;
    default:
      return Errc::unavailable;
  }
}

}  // namespace

std::unexpected<Error> fail_errno(std::string_view what, int sys_errno) {
  return fail(code_of(sys_errno),
              std::string(what) + ": " + std::system_category().message(sys_errno));
}

}  // namespace fairlead
