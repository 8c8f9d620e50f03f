// How a failure travels: in the return value, once, with words for people.
//
// Every function that can fail returns Result or Status. Own code does not throw;
// exceptions of libraries stop in the file that calls the library. An error is either
// returned or logged, never both.
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead {

// What a caller can branch on.
enum class Errc {
  invalid_argument,  // the request is wrong; retrying cannot help
  not_found,
  already_exists,
  exhausted,    // a pool, map or quota is full
  conflict,     // somebody else holds it: an address, a port, a subnet
  unavailable,  // docker, etcd or the kernel is not answering; retry later
  busy,         // another host has been asked: the same request again will see its answer
  unsupported,  // this kernel cannot do it
  internal,     // our bug
};

std::string_view to_string(Errc code);  // "not_found"

class [[nodiscard]] Error {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  Errc code() const { return code_; }
  const std::string& message() const { return message_; }

  // Outermost context first: "create endpoint e1: set link up: Device busy".
  Error context(std::string_view what) && {
    message_.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }

 private:
  Errc code_;
  std::string message_;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

// return fail(Errc::not_found, "no network " + id);
inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected(Error(code, std::move(message)));
}

// return fail(std::move(result).error(), "create veth");
inline std::unexpected<Error> fail(Error error, std::string_view what) {
  return std::unexpected(std::move(error).context(what));
}

// From a failed call that returned `sys_errno` (positive): "what: No such device".
std::unexpected<Error> fail_errno(std::string_view what, int sys_errno = errno);

}  // namespace fairlead
