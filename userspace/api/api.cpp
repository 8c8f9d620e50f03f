#include "api/api.h"

#include <algorithm>

#include "api/attachment_routes.h"
#include "api/cluster_routes.h"
#include "api/codec.h"
#include "api/codec_cluster.h"
#include "api/codec_ports.h"
#include "api/port_routes.h"
#include "api/route.h"
#include "base/log.h"
#include "base/quote.h"
#include "engine/cluster_verbs.h"
#include "engine/flow_use.h"
#include "engine/verbs.h"

namespace fairlead::api {

namespace {

Reply get_status(const Context& context, const std::string&) {
  auto overview = engine::overview(context.engine);
  if (!overview) return std::unexpected(std::move(overview).error());
  return format_status(*overview, engine::cluster_overview(context.engine), context.about.version,
                       context.engine.clock.now());
}

Reply get_endpoints(const Context& context, const std::string&) {
  auto flows = engine::flow_use(context.engine);
  if (!flows) return std::unexpected(std::move(flows).error());
  return format_endpoints(context.engine.state, *flows);
}

Reply get_drops(const Context& context, const std::string&) {
  auto drops = engine::drops(context.engine);
  if (!drops) return std::unexpected(std::move(drops).error());
  return format_drops(*drops);
}

constexpr Route kRoutes[] = {
    {"GET", "/v1/status", get_status},
    {"GET", "/v1/networks",
     [](const Context& context, const std::string&) -> Reply {
       return format_networks(context.engine.state);
     }},
    {"GET", "/v1/endpoints", get_endpoints},
    {"GET", "/v1/ports",
     [](const Context& context, const std::string&) -> Reply {
       return format_ports(context.engine);
     }},
    {"POST", "/v1/ports/allow", allow_ports},
    {"POST", "/v1/ports/deny", deny_ports},
    {"POST", "/v1/ports/reset", reset_ports},
    {"GET", "/v1/drops", get_drops},
    {"GET", "/v1/ipam",
     [](const Context& context, const std::string&) -> Reply {
       return format_ipam(context.engine.ipam.usage());
     }},
    {"GET", "/v1/peers",
     [](const Context& context, const std::string&) -> Reply {
       return format_peers(engine::peers(context.engine));
     }},
    {"POST", "/v1/attachments/attach", attach},
    {"POST", "/v1/attachments/detach", detach},
    {"POST", "/v1/attachments/check", check_attachment},
    {"POST", "/v1/attachments/gc", collect_attachments},
    {"GET", "/v1/attachments/ready", attachments_ready},
    {"GET", "/v1/version",
     [](const Context& context, const std::string&) -> Reply {
       return format_version(context.about.version);
     }},
    {"GET", "/v1/cluster", get_cluster},
    {"GET", "/v1/cluster/export", export_cluster},
    {"POST", "/v1/cluster/init", init_cluster},
    {"POST", "/v1/cluster/join", join_cluster},
    {"POST", "/v1/cluster/leave", leave_cluster},
    {"POST", "/v1/cluster/forget", forget_node},
    {"POST", "/v1/cluster/accept", accept_store},
    {"POST", "/v1/cluster/import", import_cluster},
};

std::string known_paths() {
  std::string out;
  for (const Route& route : kRoutes) out += (out.empty() ? "" : ", ") + std::string(route.path);
  return out;
}

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return 400;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
    case Errc::already_exists:
      return 409;
    case Errc::unavailable:
    case Errc::busy:
      return 503;
    case Errc::exhausted:
    case Errc::unsupported:
    case Errc::internal:
      break;
  }
  return 500;
}

// Who changed what: only root can, and wants to read about it later.
void record(const std::string& path, const http::Peer& peer, const Reply& reply) {
  log::event(reply ? log::Level::info : log::Level::warning, "asked_to_change",
             {{"path", path},
              {"pid", std::to_string(peer.pid)},
              {"result", reply ? "done" : reply.error().message()}});
}

}  // namespace

Api::Api(engine::Engine& engine, WorkQueue& queue, About about)
    : engine_(engine), queue_(queue), about_(std::move(about)) {}

void Api::handle(http::Request request, http::Respond respond) {
  std::string path = request.target.substr(0, request.target.find('?'));
  const auto* known = std::ranges::find(kRoutes, path, &Route::path);
  if (known == std::end(kRoutes))
    return respond({.status = 404,
                    .body = format_error("nothing at " + fairlead::quoted(path) + "; there is " +
                                         known_paths())});
  if (request.method != known->verb)
    return respond({.status = 405,
                    .body = format_error(path + " takes " + std::string(known->verb) + " only")});

  queue_.post([this, run = known->run, verb = known->verb, path = std::move(path),
               request = std::move(request), respond = std::move(respond)] {
    auto reply = run({.engine = engine_, .about = about_, .request = request}, request.body);
    if (verb != "GET") record(path, request.peer, reply);
    if (reply) {
      respond({.body = std::move(*reply)});
    } else {
      respond({.status = status_of(reply.error().code()), .body = format_failure(reply.error())});
    }
  });
}

}  // namespace fairlead::api
