#include "cnm/docker_watch.h"

#include <algorithm>

#include "base/log.h"
#include "cnm/docker_client.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

using Clock = std::chrono::steady_clock;

DockerWatch::DockerWatch(Settings settings, engine::Engine& engine, WorkQueue& queue)
    : settings_(std::move(settings)),
      engine_(engine),
      queue_(queue),
      next_(Clock::now() + settings_.after_activation),
      thread_([this] { run(); }) {}

DockerWatch::~DockerWatch() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void DockerWatch::activated() {
  {
    const std::lock_guard lock(mutex_);
    next_ = Clock::now() + settings_.after_activation;
  }
  changed_.notify_one();
}

void DockerWatch::named() {
  {
    const std::lock_guard lock(mutex_);
    next_ = std::min(next_, Clock::now() + settings_.after_name);
  }
  changed_.notify_one();
}

void DockerWatch::run() {
  if (settings_.socket.empty()) return;
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (Clock::now() < next_) {
      changed_.wait_until(lock, next_);
      continue;
    }
    next_ = Clock::now() + settings_.period;
    lock.unlock();
    ask();
    lock.lock();
  }
}

void DockerWatch::ask() {
  auto known = ask_docker(settings_.socket, settings_.driver, settings_.deadline);
  if (!known) {
    // Once, not every period: Docker may be away for days.
    if (answered_)
      log::event(log::Level::info, "docker_away", {{"error", known.error().message()}});
    answered_ = false;
    return;
  }
  answered_ = true;
  queue_.post([&engine = engine_, known = std::move(*known)] {
    if (auto done = engine::reconcile(engine, known); !done)
      log::event(log::Level::warning, "reconcile_failed", {{"error", done.error().message()}});
  });
}

}  // namespace fairlead::cnm
