#include "api/api.h"

#include <algorithm>

#include "api/codec.h"
#include "base/quote.h"
#include "engine/verbs.h"

namespace fairlead::api {

namespace {

using engine::Engine;
using Reply = Result<std::string>;

struct Route {
  std::string_view path;
  Reply (*get)(Engine& engine, const std::string& version);
};

Reply get_status(Engine& engine, const std::string& version) {
  auto overview = engine::overview(engine);
  if (!overview) return std::unexpected(std::move(overview).error());
  return format_status(*overview, version, engine.clock.now());
}

Reply get_drops(Engine& engine, const std::string&) {
  auto drops = engine::drops(engine);
  if (!drops) return std::unexpected(std::move(drops).error());
  return format_drops(*drops);
}

constexpr Route kRoutes[] = {
    {"/v1/status", get_status},
    {"/v1/networks",
     [](Engine& engine, const std::string&) -> Reply { return format_networks(engine.state); }},
    {"/v1/endpoints",
     [](Engine& engine, const std::string&) -> Reply { return format_endpoints(engine.state); }},
    {"/v1/ports",
     [](Engine& engine, const std::string&) -> Reply { return format_ports(engine.state); }},
    {"/v1/drops", get_drops},
    {"/v1/ipam",
     [](Engine& engine, const std::string&) -> Reply { return format_ipam(engine.ipam.usage()); }},
    {"/v1/version",
     [](Engine&, const std::string& version) -> Reply { return format_version(version); }},
};

std::string known_paths() {
  std::string out;
  for (const Route& route : kRoutes) out += (out.empty() ? "" : ", ") + std::string(route.path);
  return out;
}

}  // namespace

Api::Api(engine::Engine& engine, WorkQueue& queue, std::string version)
    : engine_(engine), queue_(queue), version_(std::move(version)) {}

void Api::handle(http::Request request, http::Respond respond) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  const auto* route = std::ranges::find(kRoutes, path, &Route::path);
  if (route == std::end(kRoutes))
    return respond({.status = 404,
                    .body = format_error("nothing at " + fairlead::quoted(path) + "; there is " +
                                         known_paths())});
  if (request.method != "GET")
    return respond({.status = 405, .body = format_error(path + " can only be read: GET")});

  queue_.post([this, get = route->get, respond = std::move(respond)] {
    auto reply = get(engine_, version_);
    if (reply) {
      respond({.body = std::move(*reply)});
    } else {
      respond({.status = 500, .body = format_error(reply.error().message())});
    }
  });
}

}  // namespace fairlead::api
