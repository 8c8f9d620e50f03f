// The end of flows that the programs made: bpf/collect.bpf.c, run.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "bpf/shared/collect.h"
#include "datapath/options.h"

namespace fairlead::datapath {

// ns, CLOCK_MONOTONIC_COARSE: the clock of bpf_ktime_get_coarse_ns(), and of fl_nat.last_seen.
std::uint64_t coarse_now();

// For a table that is nearly full: what was never answered, and what is closing, goes four times as
// fast. No time becomes 0.
Timeouts hurried(Timeouts timeouts);

// Program collect, by its fd: deletes what is idle or leads nowhere, and counts what is left.
// Errors: as fail_errno().
Result<fl_collect> run_collect(int program, const Timeouts& timeouts);

// Program collect_refused: how many entries of flows it deleted whose client may no longer reach
// the port.
Result<std::uint64_t> run_collect_refused(int program);

}  // namespace fairlead::datapath
