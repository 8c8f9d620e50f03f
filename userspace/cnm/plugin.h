// Docker's door: POST /Interface.Method with JSON, on the plugin socket.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/delay_queue.h"
#include "base/work_queue.h"
#include "engine/engine.h"
#include "http/message.h"

namespace fairlead::cnm {

struct Method;

// Every known method gets status 200, errors included: Docker takes 404 for "not implemented", and
// for some methods for success.
class Plugin {
 public:
  // `on_activate` runs when a Docker daemon has started to use the plugin, `on_name` when Docker
  // has a new network or container whose name is worth asking for: any thread, must not block. The
  // engine is touched on `queue` only. All must outlive the Plugin.
  Plugin(engine::Engine& engine, WorkQueue& queue, std::function<void()> on_activate,
         std::function<void()> on_name);
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  // When no more calls come. Those that wait for another host get no answer. Waits for what `queue`
  // still has of others, so not on its thread.
  ~Plugin();

  // An http::Handler.
  void handle(http::Request request, http::Respond respond);

 private:
  struct Call {
    const Method* method = nullptr;
    std::string body;
    http::Respond respond;
    std::chrono::steady_clock::time_point start;
    std::chrono::milliseconds pause{5};  // before the next attempt, should one be needed
  };

  // Verbs are idempotent: one that waits for another host is simply asked again, and the engine's
  // thread never waits.
  void attempt(Call call);

  engine::Engine& engine_;
  WorkQueue& queue_;
  std::function<void()> on_activate_;
  std::function<void()> on_name_;
  DelayQueue delays_;
};

}  // namespace fairlead::cnm
