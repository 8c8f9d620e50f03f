// Flows that the programs made, and when they end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/error.h"
#include "bpf/shared/nat.h"
#include "datapath/map.h"

namespace fairlead::datapath {

using FlowMap = Map<fl_flow, fl_nat>;

// Idle times, in seconds. A flow is two entries; the later of their last_seen counts, and a flag of
// either. "Half-open": no answer was ever seen.
inline constexpr std::uint64_t kTcpEstablished = 2 * 60 * 60;
inline constexpr std::uint64_t kTcpHalfOpen = 20;
inline constexpr std::uint64_t kTcpFin = 30;
inline constexpr std::uint64_t kTcpRst = 10;
inline constexpr std::uint64_t kUdpOneWay = 30;
inline constexpr std::uint64_t kUdpTwoWay = 180;
inline constexpr std::uint64_t kIcmp = 10;

// Key of the entry of the other direction: the rewritten tuple, reversed.
fl_flow twin_of(const fl_flow& flow, const fl_nat& entry);

// `now`: ns, CLOCK_MONOTONIC_COARSE, as last_seen. A flow that lost its twin counts as half-open.
bool expired(const fl_flow& flow, const fl_nat& entry, const std::optional<fl_nat>& twin,
             std::uint64_t now);

// ns, CLOCK_MONOTONIC_COARSE: the clock of bpf_ktime_get_coarse_ns().
std::uint64_t coarse_now();

// Deletes flows that have expired, each if it still is when it is looked at last; returns how many.
Result<std::uint64_t> expire(const FlowMap& map, std::uint64_t now);

// Deletes every flow of which an entry matches, both directions; returns how many entries matched.
using Matches = std::function<bool(const fl_flow&, const fl_nat&)>;
Result<std::uint64_t> delete_flows(const FlowMap& map, const Matches& matches);

}  // namespace fairlead::datapath
