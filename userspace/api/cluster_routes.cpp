#include "api/cluster_routes.h"

#include "api/codec_cluster.h"
#include "engine/cluster_verbs.h"

namespace fairlead::api {

namespace {

Reply after(const Context& context, Status done) {
  if (!done) return std::unexpected(std::move(done).error());
  return get_cluster(context, "");
}

// What the body does not say is as in fairlead.toml, or the default.
Result<cluster::Settings> wanted(const Context& context, const std::string& body) {
  cluster::Settings base;
  base.node = context.about.host;
  return parse_settings(body, context.about.configured.value_or(base));
}

}  // namespace

Reply get_cluster(const Context& context, const std::string&) {
  return format_cluster(engine::cluster_overview(context.engine),
                        context.about.configured.has_value());
}

Reply export_cluster(const Context& context, const std::string&) {
  return engine::export_cluster(context.engine);
}

Reply init_cluster(const Context& context, const std::string& body) {
  auto settings = wanted(context, body);
  if (!settings) return std::unexpected(std::move(settings).error());
  return after(context, engine::init_cluster(context.engine, *settings));
}

Reply join_cluster(const Context& context, const std::string& body) {
  auto settings = wanted(context, body);
  if (!settings) return std::unexpected(std::move(settings).error());
  return after(context, engine::join_cluster(context.engine, *settings));
}

Reply leave_cluster(const Context& context, const std::string& body) {
  const auto leave = parse_leave(body);
  if (!leave) return std::unexpected(leave.error());
  return after(context, engine::leave_cluster(context.engine, leave->force));
}

Reply forget_node(const Context& context, const std::string& body) {
  const auto forget = parse_forget(body);
  if (!forget) return std::unexpected(forget.error());
  return after(context, engine::forget_node(context.engine, forget->host, forget->force));
}

Reply accept_store(const Context& context, const std::string& body) {
  if (auto done = parse_nothing(body); !done) return std::unexpected(std::move(done).error());
  return after(context, engine::accept_store(context.engine));
}

Reply import_cluster(const Context& context, const std::string& body) {
  return after(context, engine::import_cluster(context.engine, body));
}

}  // namespace fairlead::api
