// Options of a network, by name and text, whoever brings them.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "engine/verbs.h"

namespace fairlead::engine {

// Every known option is checked here, by name. Options of other drivers are ignored, as Docker's
// own drivers do; a name that begins with "fairlead." and is not known is an error: it was meant
// for us. Which families the request has decides what some of them mean. Errors: invalid_argument.
Status apply_network_options(NetworkRequest& request,
                             const std::map<std::string, std::string>& options);

// Of fairlead.scope: "cluster" or "host".
Result<Scope> parse_scope(const std::string& text);
// Of fairlead.scope and fairlead.network.
Status check_together(Scope scope, const std::string& shared_name);

}  // namespace fairlead::engine
