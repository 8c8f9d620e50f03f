// The engine's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace fairlead {

// Runs tasks one at a time, in order, on one thread. The engine lives here: only tasks
// touch it, so it needs no locks. A task may block on the kernel or on a store, but
// always with a deadline.
class WorkQueue {
 public:
  WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  ~WorkQueue();  // finishes what is queued

  void post(std::function<void()> task);  // from any thread

 private:
  void run();

  std::mutex mutex_;  // guards queue_ and closing_, nothing else
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool closing_ = false;
  std::thread thread_;  // last: starts when everything above exists
};

}  // namespace fairlead
