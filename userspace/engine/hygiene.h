// Cleaning up after what died: shared by restore, sync_host and reconcile.
#pragma once

#include <string>

#include "engine/engine.h"

namespace fairlead::engine {

// The endpoint is gone for good (its device vanished, or the orchestrator has forgotten it):
// removes it and lets its leases cool down.
Status bury_endpoint(Engine& engine, const Endpoint& endpoint);

}  // namespace fairlead::engine
