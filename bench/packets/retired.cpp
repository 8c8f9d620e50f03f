#include "retired.h"

#include <thread>

namespace fairlead::bench {

std::optional<std::uint64_t> retired_instructions(const FastPath& path, std::string* why) {
  constexpr const char* kCounts = ".data.fl_blocks";
  if (!open_flow(path, why)) return std::nullopt;
  // The coarse clock moves on: later than the packets that opened the flow, whatever else runs.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  path.step.program->clear_section(kCounts);
  if (!send(path.step, path.xdp, why)) return std::nullopt;
  const auto counts = path.step.program->section(kCounts);
  const auto lengths = path.step.program->section(".data.fl_length");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.size() && i < lengths.size(); ++i) {
    sum += std::uint64_t{counts[i]} * lengths[i];
  }
  return sum;
}

}  // namespace fairlead::bench
