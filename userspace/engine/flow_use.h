// How many translated flows containers have.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "engine/engine.h"

namespace fairlead::engine {

// By host-side device. Those without flows may be missing. Errors: as Datapath and Links.
Result<std::map<std::string, datapath::FlowCount>> flow_use(Engine& engine);

}  // namespace fairlead::engine
