// The daemon's own API: GET /v1/NOUN and POST /v1/NOUN/VERB, JSON, on a socket for root. The
// command line, metrics and other runtimes use it; nothing in it is Docker's.
#pragma once

#include <optional>
#include <string>

#include "base/work_queue.h"
#include "cluster/settings.h"
#include "engine/engine.h"
#include "http/message.h"

namespace fairlead::api {

// What the daemon knows besides the engine.
struct About {
  std::string version;
  std::string host;                             // what a node is called that is given no name
  std::optional<cluster::Settings> configured;  // section [cluster] of fairlead.toml
};

class Api {
 public:
  // The engine is touched on `queue` only. Both must outlive the Api.
  Api(engine::Engine& engine, WorkQueue& queue, About about);

  // An http::Handler. 404 for unknown paths, with the known ones; 405 for the wrong verb; an error
  // of the engine by its code: 400, 404, 409, 503, else 500.
  void handle(http::Request request, http::Respond respond);

 private:
  engine::Engine& engine_;
  WorkQueue& queue_;
  About about_;
};

}  // namespace fairlead::api
