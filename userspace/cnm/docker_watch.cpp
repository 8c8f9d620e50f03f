#include "cnm/docker_watch.h"

#include <algorithm>
#include <future>
#include <memory>

#include "base/log.h"
#include "cnm/docker_client.h"
#include "engine/verbs.h"

namespace fairlead::cnm {

namespace {

// When to look for the name of a new network: Docker lists it a moment after it has told its
// plugin.
constexpr std::array<std::chrono::milliseconds, 5> kNamePauses = {
    std::chrono::milliseconds(20), std::chrono::milliseconds(40), std::chrono::milliseconds(90),
    std::chrono::milliseconds(250), std::chrono::milliseconds(600)};

}  // namespace

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
    name_attempts_ = 0;
    next_names_ = std::min(next_names_, Clock::now() + kNamePauses.front());
  }
  changed_.notify_one();
}

void DockerWatch::mirror() {
  {
    const std::lock_guard lock(mutex_);
    next_mirror_ = Clock::now();
  }
  changed_.notify_one();
}

void DockerWatch::run() {
  if (settings_.socket.empty()) return;
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const auto now = Clock::now();
    void (DockerWatch::*due)() = nullptr;
    if (next_mirror_ <= now) {
      next_mirror_ = kNever;
      due = &DockerWatch::carry_out_mirror;
    } else if (next_names_ <= now) {
      next_names_ = kNever;
      due = &DockerWatch::ask_names;
    } else if (next_ <= now) {
      next_ = now + settings_.period;
      due = &DockerWatch::ask;
    } else {
      changed_.wait_until(lock, std::min({next_, next_names_, next_mirror_}));
      continue;
    }
    lock.unlock();
    (this->*due)();
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
  mirror();  // what Docker could not do when it was away
}

void DockerWatch::ask_names() {
  auto names = ask_network_names(settings_.socket, settings_.driver, settings_.deadline);
  if (!names) return;  // the periodic question comes
  auto all = std::make_shared<std::promise<bool>>();
  auto known = all->get_future();
  queue_.post([&engine = engine_, names = std::move(*names), all] {
    engine::learn_network_names(engine, names);
    all->set_value(std::ranges::all_of(engine.state.networks, [&](const auto& item) {
      return engine.state.network_names.contains(item.first);
    }));
  });
  if (known.get()) return;
  const std::lock_guard lock(mutex_);
  if (++name_attempts_ < kNamePauses.size())
    next_names_ = std::min(next_names_, Clock::now() + kNamePauses.at(name_attempts_));
}

engine::MirrorPlan DockerWatch::plan() {
  auto answer = std::make_shared<std::promise<engine::MirrorPlan>>();
  auto plan = answer->get_future();
  queue_.post([&engine = engine_, answer] { answer->set_value(engine::mirror_plan(engine)); });
  return plan.get();
}

void DockerWatch::carry_out_mirror() {
  const engine::MirrorPlan todo = plan();
  if (todo.create.empty() && todo.remove.empty()) {
    retry_ = {};
    return;
  }
  bool failed = false;
  const auto note = [&](const std::string& name, const Status& done) {
    failed = failed || !done;
    // Docker being away is no problem of the network's.
    if (!done && done.error().code() == Errc::unavailable) return;
    queue_.post([&engine = engine_, name, done] { engine::mirrored(engine, name, done); });
  };
  for (const auto& network : todo.remove)
    note(network.name, remove_docker_network(settings_.socket, network.key, settings_.deadline));
  for (const auto& network : todo.create)
    note(network.name,
         create_docker_network(settings_.socket, settings_.driver, network, settings_.deadline));
  retry_ = failed ? std::clamp(2 * retry_, settings_.first_retry, settings_.last_retry)
                  : std::chrono::milliseconds{0};
  const std::lock_guard lock(mutex_);
  // Not before the pause, unless there is news.
  if (failed) next_mirror_ = std::min(next_mirror_, Clock::now() + retry_);
}

}  // namespace fairlead::cnm
