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

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::exhausted:
      return "exhausted";
    case Errc::conflict:
      return "conflict";
    case Errc::unavailable:
      return "unavailable";
    case Errc::busy:
      return "busy";
    case Errc::unsupported:
      return "unsupported";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

std::unexpected<Error> fail_errno(std::string_view what, int sys_errno) {
  return fail(code_of(sys_errno),
              std::string(what) + ": " + std::system_category().message(sys_errno));
}

}  // namespace fairlead
