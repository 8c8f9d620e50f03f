// Published ports that pass the host's own forward rules first.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace fairlead::engine {

// What keeps the host from forwarding to published ports though Settings::host_rules leaves that to
// it, for people; empty if nothing does.
std::vector<std::string> host_rules_problems(Engine& engine);

}  // namespace fairlead::engine
