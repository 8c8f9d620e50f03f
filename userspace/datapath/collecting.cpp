// Flows: the way they go, their end, and how many there are.
#include "datapath/flows.h"
#include "datapath/kernel_datapath.h"

namespace fairlead::datapath {

namespace {

FlowReport report_of(const fl_collect& run) {
  return {.flows = run.flows, .expired = run.expired, .stale = run.stale};
}

// Of entries, two a flow.
bool is_nearly_full(const fl_collect& run, std::uint32_t capacity) {
  return 2 * run.flows > capacity / 4 * 3;
}

}  // namespace

// 0 means that nobody counts: left out when the number comes round.
Status KernelDatapath::forget_ways() {
  const std::string what = "have flows ask for their way anew";
  auto epoch = maps_.epoch.get(0);
  if (!epoch) return fail(std::move(epoch).error(), what);
  const __u32 next = epoch->value_or(0) + 1;
  if (auto done = maps_.epoch.put(0, next == 0 ? 1 : next); !done)
    return fail(std::move(done).error(), what);
  return {};
}

Result<FlowReport> KernelDatapath::collect_flows() {
  auto run = run_collect(programs_.collecting(), timeouts_);
  if (!run) return std::unexpected(std::move(run).error());
  FlowReport report = report_of(*run);
  if (!is_nearly_full(*run, maps_.nat.raw().capacity())) return report;
  auto again = run_collect(programs_.collecting(), hurried(timeouts_));
  if (!again) return std::unexpected(std::move(again).error());
  report.flows = again->flows;
  report.expired += again->expired;
  report.stale += again->stale;
  return report;
}

Status KernelDatapath::end_stale_flows() {
  auto run = run_collect(programs_.collecting(), timeouts_);
  if (!run) return std::unexpected(std::move(run).error());
  return {};
}

Status KernelDatapath::end_refused_flows() {
  auto ended = run_collect_refused(programs_.refusing());
  if (!ended) return std::unexpected(std::move(ended).error());
  return {};
}

Result<std::map<int, FlowCount>> KernelDatapath::flow_counts() {
  std::map<int, FlowCount> counts;
  auto read = maps_.flow_counts.for_each([&](__u32 ifindex, const fl_flow_count& count) {
    counts[static_cast<int>(ifindex)] = {.flows = count.flows, .half_open = count.half_open};
  });
  if (!read) return std::unexpected(std::move(read).error());
  return counts;
}

}  // namespace fairlead::datapath
