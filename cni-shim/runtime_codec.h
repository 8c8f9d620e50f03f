// What a runtime says of one container, within the configuration. Internal to this folder's codecs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "cni-shim/attachment.h"
#include "cni-shim/fields_codec.h"

namespace fairlead::cni {

// args.cni: ips, labels. What it says wins over what `out` has of CNI_ARGS.
void read_args(const Fields& args, AttachWish& out);

// runtimeConfig of `document`, keys in any letter case: portMappings, mac, ips, bandwidth, aliases.
// Wins over everything before.
void read_runtime(const nlohmann::json& document, AttachWish& out, std::optional<Failure>& problem);

// The field "routes", of a configuration or a result.
std::vector<Route> read_routes(const Fields& fields);

}  // namespace fairlead::cni
