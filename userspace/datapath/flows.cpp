#include "datapath/flows.h"

#include <bpf/bpf.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace fairlead::datapath {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

__u32 to_abi(std::chrono::seconds seconds) { return static_cast<__u32>(seconds.count()); }

fl_timeouts to_abi(const Timeouts& timeouts) {
  return {.tcp_half_open = to_abi(timeouts.tcp_half_open),
          .tcp_established = to_abi(timeouts.tcp_established),
          .tcp_closing = to_abi(timeouts.tcp_closing),
          .tcp_reset = to_abi(timeouts.tcp_reset),
          .udp = to_abi(timeouts.udp),
          .udp_answered = to_abi(timeouts.udp_answered),
          .icmp = to_abi(timeouts.icmp)};
}

}  // namespace

std::uint64_t coarse_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

Timeouts hurried(Timeouts timeouts) {
  for (auto* idle : {&timeouts.tcp_half_open, &timeouts.tcp_closing, &timeouts.udp})
    *idle = std::max(*idle / 4, std::chrono::seconds(1));
  return timeouts;
}

Result<fl_collect> run_collect(int program, const Timeouts& timeouts) {
  fl_collect context{};
  context.now = coarse_now();
  context.timeouts = to_abi(timeouts);
  bpf_test_run_opts run{};
  run.sz = sizeof(run);
  run.ctx_in = &context;
  run.ctx_size_in = sizeof(context);
  if (bpf_prog_test_run_opts(program, &run) != 0) return fail_errno("run BPF program collect");
  return context;
}

Result<std::uint64_t> run_collect_refused(int program) {
  std::array<unsigned char, 2 * ETH_HLEN> packet{};  // a test run wants one
  bpf_test_run_opts run{};
  run.sz = sizeof(run);
  run.data_in = packet.data();
  run.data_size_in = packet.size();
  run.repeat = 1;
  if (bpf_prog_test_run_opts(program, &run) != 0)
    return fail_errno("run BPF program collect_refused");
  return run.retval;
}

}  // namespace fairlead::datapath
