// One run of the shim: what came in, what goes out.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace fairlead::cni {

using Variables = std::map<std::string, std::string>;  // the environment
using Deadline = std::chrono::steady_clock::time_point;

// A runtime that waits longer gives up, and its DEL may then never come: ADD ends before.
constexpr std::chrono::seconds kPatience{10};

struct Call {
  std::vector<std::string> arguments;    // without the program's name
  std::string program = "fairlead-cni";  // as it was called
  Variables variables;
  std::string input;   // all of stdin
  std::string caller;  // the program that called: "podman"; may be empty
  Deadline deadline = std::chrono::steady_clock::now() + kPatience;
};

struct Reply {
  int status = 0;        // to exit with
  std::string output{};  // for stdout
  std::string log{};     // for stderr
};

// The value of an environment variable; empty if there is none.
inline std::string value_of(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

// Does whoever calls bind a socket to each published port itself, once the container has its
// network? podman does (enable_port_reservation), and ends the container if it cannot. netavark is
// podman's.
inline bool holds_ports(const Call& call) {
  return call.caller == "podman" || call.caller == "netavark";
}

}  // namespace fairlead::cni
