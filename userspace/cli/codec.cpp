#include "cli/codec.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/codec_cluster.h"
#include "cli/codec_fields.h"
#include "cli/codec_ports.h"
#include "cli/table.h"
#include "model/rate.h"

namespace fairlead::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kShortId = 12;

std::string short_id(const json& object, const char* field) {
  return text(object, field).substr(0, kShortId);
}

// "10.1.0.0/24, fd00::/64" of a field of both families' subnets.
std::string of_both(const json& object, const char* field) {
  std::string out;
  for (const char* family : {"ipv4", "ipv6"}) {
    if (!object.contains(family) || !object[family].is_object()) continue;
    const std::string value = text(object[family], field);
    if (value != "-") out += (out.empty() ? "" : ", ") + value;
  }
  return out.empty() ? "-" : out;
}

std::string flags(const json& network) {
  std::string out;
  const auto add = [&](const char* word) { out += (out.empty() ? "" : ",") + std::string(word); };
  if (network.contains("shared") && network["shared"].is_string()) add("shared");
  if (network.value("internal", false)) add("internal");
  if (!network.value("icc", true)) add("no-icc");
  if (network.value("routed", false))
    add("routed");
  else if (!network.value("masquerade", true))
    add("no-masquerade");
  if (network.value("shortcut", false)) add("shortcut");
  return out.empty() ? "-" : out;
}

Table networks_table(const json& rows) {
  Table table{.header = {"NAME", "ID", "SUBNET", "GATEWAY", "MTU", "VNI", "ENDPOINTS", "FLAGS"},
              .rows = {}};
  for (const json& row : rows)
    table.rows.push_back({text(row, "name"), short_id(row, "id"), of_both(row, "pool"),
                          of_both(row, "gateway"), text(row, "mtu"), text(row, "vni"),
                          text(row, "endpoints"), flags(row)});
  return table;
}

// "out 10mbit, in 1gbit"
std::string rate(const json& endpoint) {
  std::string out;
  const json limits = endpoint.value("rate", json());  // null: none
  for (const auto& [word, field] : {std::pair("out ", "egress"), std::pair("in ", "ingress")}) {
    if (!limits.is_object() || !limits.contains(field)) continue;
    const json& limit = limits[field];
    if (limit.is_number_unsigned() && limit != 0)
      out += (out.empty() ? "" : ", ") + (word + rate_text(limit.get<std::uint64_t>()));
  }
  return out.empty() ? "-" : out;
}

Table endpoints_table(const json& rows) {
  Table table{.header = {"NAME", "NETWORK", "IPV4", "IPV6", "MAC", "DEVICE", "JOINED", "PORTS",
                         "RATE", "FLOWS"},
              .rows = {}};
  for (const json& row : rows)
    table.rows.push_back({text(row, "name"), text(row, "network"), text(row, "ipv4"),
                          text(row, "ipv6"), text(row, "mac"), text(row, "device"),
                          text(row, "joined"), text(row, "ports"), rate(row), text(row, "flows")});
  return table;
}

Table drops_table(const json& rows) {
  Table table{.header = {"NETWORK", "PACKETS", "BYTES", "REASON", "NAME", "WHY", "WHAT TO DO"},
              .rows = {}};
  for (const json& row : rows)
    table.rows.push_back({text(row, "network"), text(row, "packets"), text(row, "bytes"),
                          text(row, "reason"), text(row, "name"), text(row, "text"),
                          text(row, "advice")});
  return table;
}

Table ipam_table(const json& rows) {
  Table table{
      .header = {"POOL", "RANGE", "BLOCKS", "SPACE", "SIZE", "USED", "LENT", "COOLING", "CREATED"},
      .rows = {}};
  for (const json& row : rows) {
    const json blocks = row.value("blocks", json());  // null: not shared
    table.rows.push_back({text(row, "pool"), text(row, "range"),
                          blocks.is_array() ? joined(blocks) : "-", text(row, "space"),
                          text(row, "size"), text(row, "used"), text(row, "lent"),
                          text(row, "cooling"), text(row, "created")});
  }
  return table;
}

std::string map_use(const json& map) {
  const std::string capacity = text(map, "capacity");
  return text(map, "used") + "/" + capacity;
}

// "eth0, eth1 (xdp)": with where tunnel packets are unpacked, if that is not TC.
std::string uplinks(const json& datapath) {
  const json decap = datapath.value("decapsulation", json::object());
  json named = json::array();
  for (const json& name : datapath.value("uplinks", json::array())) {
    if (!name.is_string()) continue;
    const auto& device = name.get_ref<const std::string&>();
    const std::string where = decap.value(device, "tc");
    named.push_back(device + (where == "tc" ? "" : " (" + where + ")"));
  }
  return joined(named);
}

// One line a subject.
std::string status_text(const json& status) {
  const json datapath = status.value("datapath", json::object());
  std::string out = "State:      " + text(status, "state") + "\n";
  out += "Version:    " + text(status, "version") + ", pid " + text(status, "pid") + ", up since " +
         text(status, "started") + "\n";
  out += "Networks:   " + text(status, "networks") + "\n";
  out += "Endpoints:  " + text(status, "endpoints") + ", " + text(status, "joined") + " joined\n";
  out += "Ports:      " + ports_summary(status) + "\n";
  if (const json flows = status.value("flows", json()); flows.is_object())
    out += "Flows:      " + text(flows, "used") + " of " + text(flows, "capacity") + "\n";
  out += "Programs:   attached by " + text(datapath, "attach_mode") + "\n";
  out += "Local clients: " + text(datapath, "local_clients") + "\n";
  if (const std::string shortcut = text(datapath, "shortcut"); shortcut != "-")
    out += "Shortcut:   " + shortcut + "\n";
  if (status.contains("cluster")) out += cluster_summary(status["cluster"]);
  out += "Uplinks:    " + uplinks(datapath) + "\n";
  std::string maps;
  for (const json& map : status.value("maps", json::array()))
    if (map.value("used", 0U) > 0)
      maps += (maps.empty() ? "" : ", ") + text(map, "name") + " " + map_use(map);
  out += "Maps:       " + (maps.empty() ? "empty" : maps) + "\n";
  for (const json& counter : status.value("forwarded", json::array()))
    out += "Forwarded:  " + text(counter, "packets") + " packets " + text(counter, "text") + "\n";
  return out + lines("Problem:    ", datapath, "problems") +
         lines("Warning:    ", status, "warnings");
}

struct Noun {
  std::string_view name;
  const char* rows;  // field of the document
  Table (*table)(const json& rows);
  const char* nothing;  // said instead of an empty table
};

constexpr Noun kNouns[] = {
    {"networks", "networks", networks_table, "no networks"},
    {"endpoints", "endpoints", endpoints_table, "no endpoints"},
    {"drops", "drops", drops_table, "no drops"},
    {"ipam", "pools", ipam_table, "no pools"},
    {"peers", "peers", peers_table, "no other hosts"},
};

json parse(std::string_view body) { return json::parse(body, nullptr, /*allow_exceptions=*/false); }

}  // namespace

Result<std::string> format_document(std::string_view noun, std::string_view body,
                                    std::string_view no_ports) {
  const json document = parse(body);
  if (!document.is_object() || !document.contains("schema"))
    return fail(Errc::invalid_argument, "the answer is not fairlead's: is the socket right?");
  // nlohmann throws where a field has another type than we ask for: then it is not our daemon.
  try {
    if (noun == "status") return status_text(document);
    if (noun == "cluster") return cluster_text(document);
    if (noun == "ports") {
      if (is_ports(document)) return ports_text(document, no_ports);
      return fail(Errc::invalid_argument, "the answer has no list of ports");
    }
    if (noun == "version") return "fairleadd " + text(document, "version") + "\n";
    for (const Noun& known : kNouns) {
      if (known.name != noun) continue;
      const json rows = document.value(known.rows, json());
      if (!rows.is_array() ||
          !std::ranges::all_of(rows, [](const json& row) { return row.is_object(); }))
        return fail(Errc::invalid_argument, "the answer has no list of " + std::string(noun));
      return rows.empty() ? std::string(known.nothing) + "\n" : render(known.table(rows));
    }
  } catch (const json::exception& error) {
    return fail(Errc::invalid_argument,
                std::string("the answer has another form than expected: ") + error.what());
  }
  return fail(Errc::invalid_argument, "nothing is called " + std::string(noun));
}

Result<std::string> indent(std::string_view body) {
  const json document = parse(body);
  if (document.is_discarded()) return fail(Errc::invalid_argument, "the answer is not JSON");
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

bool is_well(std::string_view body) {
  const json document = parse(body);
  return document.is_object() && text(document, "state") == "ok";
}

std::string error_text(std::string_view body) {
  const json document = parse(body);
  return document.is_object() && document.contains("error") ? text(document, "error") : "";
}

}  // namespace fairlead::cli
