// The cluster in the JSON of the daemon's own API: what is asked and what is answered.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/settings.h"
#include "engine/cluster_verbs.h"

namespace fairlead::api {

// Nothing about it needs a person: the store answers, is believed, and says nothing is wrong.
bool is_well(const engine::ClusterOverview& cluster);

// An object without a schema.
nlohmann::json cluster_object(const engine::ClusterOverview& cluster);

// `configured`: it stands in fairlead.toml, so that this host is in it again after a restart.
std::string format_cluster(const std::optional<engine::ClusterOverview>& cluster, bool configured);
std::string format_peers(const std::vector<engine::PeerRow>& peers);

// Bodies. Errors: invalid_argument. An empty one is an empty object.

// Of init and join: `base` with what the body says instead.
Result<cluster::Settings> parse_settings(std::string_view body, const cluster::Settings& base);

struct Leave {
  bool force = false;
};
Result<Leave> parse_leave(std::string_view body);

struct Forget {
  std::string host;
  bool force = false;
};
Result<Forget> parse_forget(std::string_view body);

// Of verbs that need to know nothing.
Status parse_nothing(std::string_view body);

}  // namespace fairlead::api
