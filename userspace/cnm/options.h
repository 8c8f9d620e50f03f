// Docker's CreateNetwork -> what the engine makes.
#pragma once

#include "base/error.h"
#include "cnm/codec.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

// Errors: invalid_argument, as engine::apply_network_options().
Result<engine::NetworkRequest> network_request(const CreateNetwork& want);

// Options of one endpoint, all of our own. Errors: invalid_argument, also for an unknown one.
Status apply_endpoint_options(engine::EndpointRequest& request,
                              const std::map<std::string, std::string>& options);

}  // namespace fairlead::cnm
