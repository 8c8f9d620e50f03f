// Tasks that are to run a little later.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace fairlead {

// Runs each task once its pause is over, on one thread of its own; a task must not block. The
// thread starts with the first task.
class DelayQueue {
 public:
  DelayQueue() = default;
  DelayQueue(const DelayQueue&) = delete;
  DelayQueue& operator=(const DelayQueue&) = delete;
  ~DelayQueue();  // close()

  // From any thread. After close() it is dropped.
  void post(std::chrono::milliseconds pause, std::function<void()> task);

  // Waits for the task that runs; what still waits is never run. Not from a task. Idempotent.
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  void run();

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::multimap<Clock::time_point, std::function<void()>> waiting_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace fairlead
