// The daemon's own API: GET /v1/NOUN, JSON, on a socket for root. The command line, metrics and
// other runtimes use it; nothing in it is Docker's.
#pragma once

#include <string>

#include "base/work_queue.h"
#include "engine/engine.h"
#include "http/message.h"

namespace fairlead::api {

class Api {
 public:
  // The engine is touched on `queue` only. Both must outlive the Api.
  Api(engine::Engine& engine, WorkQueue& queue, std::string version);

  // An http::Handler. 404 for unknown paths, with the known ones; 500 if the engine fails.
  void handle(http::Request request, http::Respond respond);

 private:
  engine::Engine& engine_;
  WorkQueue& queue_;
  std::string version_;
};

}  // namespace fairlead::api
