// The environment that a CNI runtime sets.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cni-shim/call.h"
#include "cni-shim/failure.h"

namespace fairlead::cni {

enum class Verb { add, del, check, gc, status, version };

struct Invocation {
  Verb verb = Verb::version;
  std::string container;
  std::string netns;      // a path; may be empty on DEL
  std::string interface;  // within it
  bool own_netns_allowed = false;
  // Of CNI_ARGS, on ADD only; wishes of runtimeConfig and args.cni win over them.
  std::string mac;
  std::vector<std::string> addresses;
  std::map<std::string, std::string> labels;  // K8S_..., NOMAD_..., and the trace's context
};

// Errors: environment, naming all variables that are missing or which one is wrong and why.
Outcome<Invocation> read_environment(const Variables& variables);

// Whether it may stand in CNI_CONTAINERID and in a network's name.
bool is_identifier(std::string_view text);
// Whether the kernel takes it for a link's name.
bool is_interface_name(std::string_view text);

}  // namespace fairlead::cni
