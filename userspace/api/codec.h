// What the engine knows -> the JSON of the daemon's own API.
//
// Every document has a "schema" field. Fields are added, never renamed nor removed, as long as the
// number in it stays. Byte counts and packet counts are JSON numbers, times RFC 3339 in UTC.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster_verbs.h"
#include "engine/verbs.h"

namespace fairlead::api {

std::string format_version(std::string_view version);
// `cluster`: absent if this host is in none.
std::string format_status(const engine::Overview& overview,
                          const std::optional<engine::ClusterOverview>& cluster,
                          std::string_view version, TimePoint now);
std::string format_networks(const engine::State& state);
// Flows by host-side device.
using FlowUse = std::map<std::string, datapath::FlowCount>;
std::string format_endpoints(const engine::State& state, const FlowUse& flows);
std::string format_drops(const std::vector<engine::Drop>& drops);
std::string format_ipam(const std::vector<ipam::PoolUse>& pools);
std::string format_error(std::string_view message);
// With "code": what a program can branch on, base/error.h's own words.
std::string format_failure(const Error& error);

}  // namespace fairlead::api
