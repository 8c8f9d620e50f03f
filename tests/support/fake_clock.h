// A clock that stands still until a test moves it.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace fairlead::test {

class FakeClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }

  void advance(std::chrono::nanoseconds by) {
    now_ += std::chrono::duration_cast<TimePoint::duration>(by);
  }
  void set(TimePoint now) { now_ = now; }

 private:
  TimePoint now_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace fairlead::test
