// Asks Docker now and then what it knows, on a thread of its own, and lets the engine compare.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/work_queue.h"
#include "engine/engine.h"

namespace fairlead::cnm {

// Docker being away is normal and changes nothing: only a complete answer reaches the engine.
class DockerWatch {
 public:
  struct Settings {
    std::string socket = "/run/docker.sock";  // empty: never ask
    std::string driver = "fairlead";          // what networks call this plugin
    std::chrono::seconds period{30};
    std::chrono::seconds after_activation{5};    // Docker serves its API only when it has restored
    std::chrono::milliseconds after_name{1000};  // Docker lists it once it has answered its client
    std::chrono::seconds deadline{10};           // for one complete answer
  };

  DockerWatch(Settings settings, engine::Engine& engine, WorkQueue& queue);
  DockerWatch(const DockerWatch&) = delete;
  DockerWatch& operator=(const DockerWatch&) = delete;
  ~DockerWatch();  // waits for the question under way

  // Docker has (re)started: ask when it has restored. Any thread.
  void activated();

  // A network or container is new: ask for its name soon, once for many. Any thread.
  void named();

 private:
  void run();
  void ask();

  Settings settings_;
  engine::Engine& engine_;
  WorkQueue& queue_;
  std::mutex mutex_;  // guards next_ and closing_
  std::condition_variable changed_;
  std::chrono::steady_clock::time_point next_;
  bool closing_ = false;
  bool answered_ = false;  // last time; own thread
  std::thread thread_;     // last: starts when everything above exists
};

}  // namespace fairlead::cnm
