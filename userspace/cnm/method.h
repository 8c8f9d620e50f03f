// One method of a plugin's interface.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/engine.h"

namespace fairlead::cnm {

struct Method {
  std::string_view name;  // "NetworkDriver.Join"
  // Whether it has a body. One that should and has not is Docker's repetition of a call that broke
  // off after it was sent: the first may have been done, and what it said is lost.
  bool takes_arguments = true;
  // The reply's body. Engine thread.
  Result<std::string> (*run)(engine::Engine& engine, std::string_view body) = nullptr;
  // After it Docker has something with a name that it did not tell us.
  bool brings_name = false;
};

std::span<const Method> network_driver_methods();
std::span<const Method> ipam_driver_methods();

}  // namespace fairlead::cnm
