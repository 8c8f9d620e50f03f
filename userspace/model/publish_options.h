// fairlead.publish.allow=CIDR,... and fairlead.publish.allow.443/tcp=CIDR,..., options of networks
// and endpoints that say who may reach published ports.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/network.h"

namespace fairlead {

// What they are called, for messages.
inline constexpr std::string_view kPublishOptions =
    "fairlead.publish.allow, fairlead.publish.allow.PORT[/PROTOCOL]";

bool is_publish_option(std::string_view name);

// One option into the policy; an empty list is nobody. Errors: invalid_argument, without the
// option's name.
Status set_publish_option(PublishPolicy& policy, std::string_view name, std::string_view text);

// All of them that are among `options`. Errors: invalid_argument, with the option's name.
Result<PublishPolicy> publish_policy(const std::map<std::string, std::string>& options);

}  // namespace fairlead
