// Tells clang's libFuzzer which code g++'s instrumentation has seen.
//
// Our code needs std::expected, which clang before 16 cannot compile with libstdc++ (P0848), so
// the fuzz targets are built by g++. It calls __sanitizer_cov_trace_pc() at every branch
// (-fsanitize-coverage=trace-pc), which libFuzzer has but no longer supports: the linker sends
// the calls here (--wrap), and we keep the counters that libFuzzer reads. Can go when the oldest
// supported clang is 16.
#include <cstddef>
#include <cstdint>

extern "C" {
void __sanitizer_cov_8bit_counters_init(std::uint8_t* begin, std::uint8_t* end);
void __wrap___sanitizer_cov_trace_pc();
}

namespace {

constexpr std::size_t kCounters = 1 << 16;  // many more than we have branches
std::uint8_t counters[kCounters];

[[maybe_unused]] const bool registered = [] {
  __sanitizer_cov_8bit_counters_init(counters, counters + kCounters);
  return true;
}();

}  // namespace

// Must not be instrumented itself: it would call itself for ever.
__attribute__((no_sanitize_coverage, no_sanitize("address", "undefined"))) void
__wrap___sanitizer_cov_trace_pc() {
  const auto place = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  ++counters[(place ^ (place >> 16)) % kCounters];
}
