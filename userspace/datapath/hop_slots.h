// Which elements of fl_hops are free.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace fairlead::datapath {

// A program may have read the number of an element just before its peer left it, so an element is
// given out again only long after. Times: ns, CLOCK_MONOTONIC_COARSE. Element 0 is nobody's: it is
// what a zeroed fl_peer refers to.
class HopSlots {
 public:
  static constexpr std::uint64_t kRest = 10'000'000'000;  // a program runs for microseconds

  explicit HopSlots(std::uint32_t capacity) : capacity_(capacity) {}

  // What an earlier daemon left: elements from `first_fresh` on were never used, `left` were, and
  // may have been given up this moment.
  void take_over(std::uint32_t first_fresh, const std::vector<std::uint32_t>& left,
                 std::uint64_t now);

  // Absent: all are in use, or were a moment ago.
  std::optional<std::uint32_t> take(std::uint64_t now);
  void give_back(std::uint32_t slot, std::uint64_t now) { resting_.push_back({slot, now + kRest}); }

 private:
  struct Resting {
    std::uint32_t slot;
    std::uint64_t until;
  };

  std::uint32_t capacity_;
  std::uint32_t fresh_ = 1;  // from here on never used
  std::deque<Resting> resting_;
};

}  // namespace fairlead::datapath
