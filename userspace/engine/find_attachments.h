// Endpoints of runtimes that are not Docker, by the runtimes' words. Internal to this folder.
#pragma once

#include <vector>

#include "engine/attachments.h"

namespace fairlead::engine {

// Every one that is meant: an empty container or interface is each of them.
std::vector<Endpoint> find_attachments(const State& state, const AttachmentKey& which);

// The request for an endpoint of that network, without addresses.
EndpointRequest attached_endpoint(const Network& network, const AttachRequest& want);

// For its runtime.
Result<Attached> describe(Engine& engine, const Endpoint& endpoint);

}  // namespace fairlead::engine
