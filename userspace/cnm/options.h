// Docker's CreateNetwork -> what the engine makes.
#pragma once

#include "base/error.h"
#include "cnm/codec.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

// Every known option is checked here, by name. Options of other drivers are ignored, as Docker's
// own drivers do; a name that begins with "fairlead." and is not known is an error: it was meant
// for us. Errors: invalid_argument.
Result<engine::NetworkRequest> network_request(const CreateNetwork& want);

// Options of one endpoint, all of our own. Errors: invalid_argument, also for an unknown one.
Status apply_endpoint_options(engine::EndpointRequest& request,
                              const std::map<std::string, std::string>& options);

// Of fairlead.scope: "cluster" or "host".
Result<engine::Scope> parse_scope(const std::string& text);
// Of fairlead.scope and fairlead.network.
Status check_together(engine::Scope scope, const std::string& shared_name);

}  // namespace fairlead::cnm
