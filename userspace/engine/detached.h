// Containers that were detached while no daemon answered.
#pragma once

#include "engine/engine.h"

namespace fairlead::engine {

// Detaches what Settings::detached tells of, and removes each note. What cannot be read is put
// aside under the same name with ".bad" behind it, and logged; a note whose container could not be
// detached stays for the next time.
Status replay_detached(Engine& engine);

}  // namespace fairlead::engine
