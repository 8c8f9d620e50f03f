// Asks Docker now and then what it knows, and makes there what the cluster has, on a thread of its
// own.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/work_queue.h"
#include "engine/cluster_verbs.h"
#include "engine/engine.h"

namespace fairlead::cnm {

// Docker being away is normal and changes nothing: only a complete answer reaches the engine.
class DockerWatch {
 public:
  struct Settings {
    std::string socket = "/run/docker.sock";  // empty: never ask
    std::string driver = "fairlead";          // what networks call this plugin
    std::chrono::seconds period{30};
    std::chrono::seconds after_activation{5};     // Docker serves its API only when it has restored
    std::chrono::milliseconds after_name{1000};   // Docker lists it once it has answered its client
    std::chrono::seconds deadline{10};            // for one complete answer
    std::chrono::milliseconds first_retry{1000};  // of what Docker refused to make; doubles
    std::chrono::milliseconds last_retry{30000};
  };

  DockerWatch(Settings settings, engine::Engine& engine, WorkQueue& queue);
  DockerWatch(const DockerWatch&) = delete;
  DockerWatch& operator=(const DockerWatch&) = delete;
  ~DockerWatch();  // waits for the question under way

  // Docker has (re)started: ask when it has restored. Any thread.
  void activated();

  // A network or container is new: ask for its name, of a network at once and a few times more,
  // since the other hosts of a cluster wait for it; of a container soon, once for many. Any thread.
  void named();

  // engine::mirror_plan() may have something to do. Any thread.
  void mirror();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr auto kNever = Clock::time_point::max();

  void run();
  void ask();
  void ask_names();
  void carry_out_mirror();
  engine::MirrorPlan plan();

  Settings settings_;
  engine::Engine& engine_;
  WorkQueue& queue_;
  std::mutex mutex_;  // guards the five below
  std::condition_variable changed_;
  Clock::time_point next_;
  Clock::time_point next_names_ = kNever;
  Clock::time_point next_mirror_ = kNever;
  std::size_t name_attempts_ = 0;
  bool closing_ = false;
  bool answered_ = false;  // last time; own thread
  std::chrono::milliseconds retry_{
      0};               // before the next attempt at what Docker refused; own thread
  std::thread thread_;  // last: starts when everything above exists
};

}  // namespace fairlead::cnm
