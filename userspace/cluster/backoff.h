// How long to wait before the next try.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace fairlead::cluster {

// Doubling pauses, each a random one from its half to its whole, so that hosts that lost the store
// at one moment do not come back at one moment.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds last)
      : first_(std::max(first, std::chrono::milliseconds(1))), last_(last), next_(first_) {}

  std::chrono::milliseconds next() {
    const auto whole = next_.count();
    next_ = std::min(next_ * 2, std::max(last_, first_));
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>((whole + 1) / 2, whole)(random_));
  }
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds last_;
  std::chrono::milliseconds next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace fairlead::cluster
