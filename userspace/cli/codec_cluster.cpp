#include "cli/codec_cluster.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/codec_fields.h"

namespace fairlead::cli {

namespace {

using nlohmann::json;

template <typename T>
void put(json& body, const char* field, const std::optional<T>& value) {
  if (value) body[field] = *value;
}

std::string dump(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool has(const json& object, const char* field) { return text(object, field) != "-"; }

// How this host stands to the store.
std::string standing(const json& cluster) {
  if (has(cluster, "alarm")) return "ALARM " + text(cluster, "alarm");
  if (cluster.value("connected", false))
    return "connected to " + text(cluster, "endpoint") +
           (has(cluster, "uuid") ? "" : ", where it is yet to be made: fairlead cluster init");
  const std::string why = has(cluster, "last_error") ? ": " + text(cluster, "last_error") : "";
  if (!has(cluster, "read_only_since")) return "not connected yet" + why;
  return "read-only since " + text(cluster, "read_only_since") + why;
}

// Milliseconds with three digits behind the point.
std::string milliseconds(const json& row, const char* field) {
  const auto found = row.find(field);
  if (found == row.end() || !found->is_number()) return "-";
  char out[32];
  std::snprintf(out, sizeof(out), "%.3f ms", found->get<double>());
  return out;
}

}  // namespace

std::string format_join(const JoinFlags& flags) {
  json body = json::object();
  if (!flags.etcd.empty()) body["etcd"] = flags.etcd;
  put(body, "name", flags.name);
  put(body, "node", flags.node);
  put(body, "ca", flags.ca);
  put(body, "cert", flags.cert);
  put(body, "key", flags.key);
  put(body, "user", flags.user);
  put(body, "password", flags.password);
  put(body, "port", flags.port);
  if (!flags.underlay.empty()) body["underlay"] = flags.underlay;
  if (flags.no_mirror) body["mirror"] = false;
  return dump(body);
}

std::string format_leave(bool force) { return dump({{"force", force}}); }

std::string format_forget(const std::string& host, bool force) {
  return dump({{"host", host}, {"force", force}});
}

std::string cluster_text(const json& document) {
  if (!has(document, "cluster"))
    return "This host is in no cluster. Make one with fairlead cluster init --etcd URL, or join "
           "one "
           "with fairlead cluster join --etcd URL.\n";
  std::string out =
      "Cluster:    " + text(document, "cluster") + ", " + text(document, "uuid") + "\n";
  out += "This host:  " + text(document, "node") + "\n";
  out += "State:      " + standing(document) + "\n";
  out += "etcd:       " + joined(document.value("etcd", json::array())) + ", revision " +
         text(document, "revision") + "\n";
  out += "Pending:    " + counted(document, "pending_writes", "write") + "\n";
  out += "Shared:     " + counted(document, "hosts", "host") + ", " +
         counted(document, "networks", "network") + ", " +
         counted(document, "endpoints", "endpoint") + "\n";
  return out + lines("etcd says:  ", document, "store_alarms") +
         lines("Problem:    ", document, "problems");
}

std::string cluster_summary(const json& cluster) {
  std::string out = "Cluster:    " + text(cluster, "cluster") + " as " + text(cluster, "node") +
                    ", " + counted(cluster, "hosts", "host") + ", " + standing(cluster);
  if (cluster.value("pending_writes", 0U) > 0)
    out += ", " + counted(cluster, "pending_writes", "write") + " pending";
  return out + "\n" + lines("Problem:    etcd: ", cluster, "store_alarms") +
         lines("Problem:    ", cluster, "problems");
}

Table peers_table(const json& rows) {
  Table table{.header = {"NAME", "ADDRESS", "STATE", "RTT", "PATH MTU", "MODE", "LAST ERROR"},
              .rows = {}};
  for (const json& row : rows) {
    const bool known = row.value("path_mtu", 0U) > 0;
    table.rows.push_back({text(row, "name"), text(row, "address"), text(row, "state"),
                          milliseconds(row, "rtt_ms"), known ? text(row, "path_mtu") : "-",
                          text(row, "mode"), text(row, "last_error")});
  }
  return table;
}

Result<Belonging> parse_belonging(std::string_view body) {
  const json document = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("cluster"))
    return fail(Errc::invalid_argument, "the answer is not fairlead's: is the socket right?");
  // nlohmann throws where a field has another type than we ask for: then it is not our daemon.
  try {
    Belonging out{.configured = document.value("configured", false)};
    if (!has(document, "cluster")) return out;
    out.cluster = text(document, "cluster");
    out.node = text(document, "node");
    for (const json& url : document.value("etcd", json::array()))
      out.etcd += (out.etcd.empty() ? "" : ",") + url.get<std::string>();
    out.well = document.value("connected", false) && !has(document, "alarm");
    return out;
  } catch (const json::exception& error) {
    return fail(Errc::invalid_argument,
                std::string("the answer has another form than expected: ") + error.what());
  }
}

}  // namespace fairlead::cli
