// What the shim tells a runtime when it cannot do what was asked.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace fairlead::cni {

// Numbers below 100 are the specification's ("Error" there), 8 and 999 those that the reference
// library adds; from 100 on ours.
enum class Code : unsigned {
  version = 1,
  unsupported_field = 2,
  environment = 4,
  io = 5,
  decode = 6,
  config = 7,
  netns = 8,
  again = 11,
  not_ready = 50,
  limited = 51,  // and existing containers may be limited, too
  daemon_away = 100,
  exhausted = 101,
  kernel = 103,
  cluster_away = 104,
  conflict = 105,
  internal = 999,
};

struct Failure {
  Code code = Code::internal;
  std::string message;  // podman shows it verbatim
  std::string details{};
};

template <typename T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> refuse(Code code, std::string message, std::string details = {}) {
  return std::unexpected(Failure{code, std::move(message), std::move(details)});
}

// return pass(std::move(result));
template <typename T>
std::unexpected<Failure> pass(Outcome<T>&& failed) {
  return std::unexpected(std::move(failed).error());
}

}  // namespace fairlead::cni
