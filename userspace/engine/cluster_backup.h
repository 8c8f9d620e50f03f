// What the cluster's store held, put into one that is empty.
#pragma once

#include <map>
#include <string>

#include "engine/engine.h"
#include "etcd/client.h"

namespace fairlead::engine {

// Everything but liveness; the cluster's own record last, since until then nobody believes the
// store. Errors: already_exists (the store has a cluster of this name), unavailable; what was
// written stays, and the same again goes on.
Status write_back(Engine& engine, const std::map<std::string, etcd::KeyValue>& entries);

}  // namespace fairlead::engine
