#include "base/delay_queue.h"

namespace fairlead {

DelayQueue::~DelayQueue() { close(); }

void DelayQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DelayQueue::post(std::chrono::milliseconds pause, std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (closing_) return;
  waiting_.emplace(Clock::now() + pause, std::move(task));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
}

void DelayQueue::run() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
    } else if (const auto due = waiting_.begin()->first; Clock::now() < due) {
      changed_.wait_until(lock, due);
    } else {
      auto task = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      lock.unlock();
      task();
      task = nullptr;  // what it captured may post, too
      lock.lock();
    }
  }
}

}  // namespace fairlead
