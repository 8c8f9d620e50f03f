#include "api/codec_cluster.h"

#include <nlohmann/json.hpp>

#include "api/codec_parts.h"
#include "base/quote.h"

namespace fairlead::api {

namespace {

using nlohmann::json;

json time_or_null(TimePoint time) {
  return time == TimePoint{} ? json(nullptr) : json(format_time(time));
}

json peer(const engine::PeerRow& row) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  return {{"name", row.name},
          {"address", row.address},
          {"state", row.alive ? "alive" : "silent"},
          {"rtt_ms", row.rtt ? json(Milliseconds(*row.rtt).count()) : json(nullptr)},
          {"path_mtu", row.path_mtu},
          {"mode", row.mode},
          {"last_error", row.last_error}};
}

// Fields of a body, each looked for by name; what is left over is an error.
class Body {
 public:
  static Result<Body> parse(std::string_view text) {
    if (text.empty()) return Body(json::object());
    json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!value.is_object()) return fail(Errc::invalid_argument, "the body is no JSON object");
    return Body(std::move(value));
  }

  const json& all() const { return object_; }

  Status take(const char* name, bool& field) {
    const auto found = object_.find(name);
    if (found == object_.end()) return {};
    if (!found->is_boolean())
      return fail(Errc::invalid_argument, fairlead::quoted(name) + " must be true or false");
    field = found->get<bool>();
    object_.erase(found);
    return {};
  }

  Status take(const char* name, std::string& field) {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_string() ||
        found->get_ref<const std::string&>().empty())
      return fail(Errc::invalid_argument,
                  fairlead::quoted(name) + " must be a string that says one");
    field = found->get<std::string>();
    object_.erase(found);
    return {};
  }

  Status end() const {
    if (object_.empty()) return {};
    return fail(Errc::invalid_argument, "unknown field " + fairlead::quoted(object_.begin().key()));
  }

 private:
  explicit Body(json object) : object_(std::move(object)) {}
  json object_;
};

}  // namespace

bool is_well(const engine::ClusterOverview& cluster) {
  return cluster.agent.connected && cluster.agent.alarm.empty() &&
         cluster.agent.store_alarms.empty() && cluster.problems.empty();
}

json cluster_object(const engine::ClusterOverview& cluster) {
  const cluster::AgentStatus& agent = cluster.agent;
  return {{"cluster", cluster.settings.name},
          {"node", cluster.settings.node},
          {"uuid", cluster.uuid},
          {"connected", agent.connected},
          {"read_only_since", agent.connected ? json(nullptr) : time_or_null(agent.since)},
          {"last_contact", time_or_null(agent.last_contact)},
          {"alarm", agent.alarm},
          {"store_alarms", agent.store_alarms},
          {"etcd", cluster.settings.etcd},
          {"endpoint", agent.endpoint},
          {"pending_writes", agent.pending_writes},
          {"revision", agent.revision},
          {"last_error", agent.last_error},
          {"hosts", cluster.nodes},
          {"networks", cluster.networks},
          {"endpoints", cluster.endpoints},
          {"problems", cluster.problems}};
}

std::string format_cluster(const std::optional<engine::ClusterOverview>& cluster, bool configured) {
  json out = cluster ? cluster_object(*cluster) : json{{"cluster", nullptr}};
  out["configured"] = configured;
  return document("cluster", std::move(out));
}

std::string format_peers(const std::vector<engine::PeerRow>& peers) {
  json rows = json::array();
  for (const engine::PeerRow& row : peers) rows.push_back(peer(row));
  return document("peers", {{"peers", std::move(rows)}});
}

Result<cluster::Settings> parse_settings(std::string_view body, const cluster::Settings& base) {
  const auto given = Body::parse(body);
  if (!given) return std::unexpected(given.error());
  json all = json::parse(cluster::format(base), nullptr, /*allow_exceptions=*/false);
  for (const auto& field : given->all().items())
    if (!all.contains(field.key()))
      return fail(Errc::invalid_argument, "unknown field " + fairlead::quoted(field.key()));
  all.merge_patch(given->all());
  const std::string text = all.dump(-1, ' ', false, json::error_handler_t::replace);
  auto settings = cluster::parse_settings(text);
  if (!settings) return settings;
  if (settings->etcd.empty())
    return fail(Errc::invalid_argument,
                "no etcd is given: say --etcd URL, or write section [cluster] into fairlead.toml");
  if (auto done = cluster::check(*settings); !done) return std::unexpected(std::move(done).error());
  return settings;
}

Result<Leave> parse_leave(std::string_view text) {
  Leave out;
  auto body = Body::parse(text);
  if (!body) return std::unexpected(body.error());
  if (auto done = body->take("force", out.force); !done) return std::unexpected(done.error());
  if (auto done = body->end(); !done) return std::unexpected(done.error());
  return out;
}

Result<Forget> parse_forget(std::string_view text) {
  Forget out;
  auto body = Body::parse(text);
  if (!body) return std::unexpected(body.error());
  if (auto done = body->take("host", out.host); !done) return std::unexpected(done.error());
  if (auto done = body->take("force", out.force); !done) return std::unexpected(done.error());
  if (auto done = body->end(); !done) return std::unexpected(done.error());
  return out;
}

Status parse_nothing(std::string_view text) {
  const auto body = Body::parse(text);
  return body ? body->end() : Status(std::unexpected(body.error()));
}

}  // namespace fairlead::api
