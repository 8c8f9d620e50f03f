// Gives new endpoints' programs their lasting place when there is time.
#pragma once

#include <chrono>
#include <functional>

#include "base/delay_queue.h"
#include "base/work_queue.h"
#include "datapath/datapath.h"

namespace fairlead::daemon {

// Each step keeps the kernel's network configuration locked for some 10 ms, so steps are far enough
// apart for whoever makes containers meanwhile. A container that lives no second needs none.
struct SettlingPace {
  std::chrono::milliseconds first{1000};  // from the news of a device
  std::chrono::milliseconds next{100};
};

class Settling {
 public:
  // Steps are posted to `queue`, whose thread is the data path's.
  Settling(datapath::Datapath& datapath, WorkQueue& queue, SettlingPace pace = {});

  // From the queue's thread: there may be new endpoints.
  void update();

  // No more steps are posted; what is left is as good, only slower. Not from the queue's thread.
  void stop();

 private:
  void step_in(std::chrono::milliseconds pause);
  void step();

  datapath::Datapath& datapath_;
  WorkQueue& queue_;
  SettlingPace pace_;
  bool under_way_ = false;  // the queue's thread
  DelayQueue delays_;
};

}  // namespace fairlead::daemon
