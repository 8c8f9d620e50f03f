// Docker's door: POST /Interface.Method with JSON, on the plugin socket.
#pragma once

#include <functional>

#include "base/work_queue.h"
#include "engine/engine.h"
#include "http/message.h"

namespace fairlead::cnm {

// Every known method gets status 200, errors included: Docker takes 404 for "not implemented", and
// for some methods for success.
class Plugin {
 public:
  // `on_activate` runs when a Docker daemon has started to use the plugin, `on_name` when Docker
  // has a new network or container whose name is worth asking for: any thread, must not block. The
  // engine is touched on `queue` only. All must outlive the Plugin.
  Plugin(engine::Engine& engine, WorkQueue& queue, std::function<void()> on_activate,
         std::function<void()> on_name);

  // An http::Handler.
  void handle(http::Request request, http::Respond respond);

 private:
  engine::Engine& engine_;
  WorkQueue& queue_;
  std::function<void()> on_activate_;
  std::function<void()> on_name_;
};

}  // namespace fairlead::cnm
