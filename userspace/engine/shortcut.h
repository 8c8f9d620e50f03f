// Networks whose local TCP may go from socket to socket.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace fairlead::engine {

// Networks that ask for it on a host that cannot, for people; empty if there are none.
std::vector<std::string> shortcut_problems(Engine& engine);

// The same for one network that has just been made, to the journal: Docker shows no warnings of a
// driver.
void report_shortcut(Engine& engine, const Network& network);

}  // namespace fairlead::engine
