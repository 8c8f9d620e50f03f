// Time as the engine sees it: a seam, so that cool-downs and grace periods are tested
// without waiting.
#pragma once

#include <chrono>

namespace fairlead {

using TimePoint = std::chrono::system_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock: it is stored, and must mean the same after a restart.
  virtual TimePoint now() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::system_clock::now(); }
};

}  // namespace fairlead
