// Between the engine, which calls from the start, and the Docker mirror, which is made later and
// ends earlier.
#pragma once

#include <functional>
#include <mutex>

namespace fairlead::daemon {

// Any thread.
class MirrorBell {
 public:
  // Calls what hangs here; if nothing does, as soon as something does.
  void ring() {
    const std::lock_guard lock(mutex_);
    if (clapper_) {
      clapper_();
    } else {
      rung_ = true;
    }
  }

  // After hang(nullptr) returns, the one before is called no more. `clapper` must not ring.
  void hang(std::function<void()> clapper) {
    const std::lock_guard lock(mutex_);
    clapper_ = std::move(clapper);
    if (clapper_ && rung_) {
      rung_ = false;
      clapper_();
    }
  }

 private:
  std::mutex mutex_;  // guards all below
  std::function<void()> clapper_;
  bool rung_ = false;
};

}  // namespace fairlead::daemon
