#include "cli/codec_ports.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/codec_fields.h"
#include "cli/table.h"

namespace fairlead::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kShown = 3;  // prefixes of a list in the table; -o json has them all

// "8080", "20000-24999".
std::string numbers(const json& row, const char* first) {
  const unsigned count = row.value("count", 1U);
  if (count <= 1) return text(row, first);
  return text(row, first) + "-" + std::to_string(row.value(first, 0U) + count - 1);
}

std::string with_ports(const json& row, const char* address, const char* first) {
  const std::string host = text(row, address);
  if (host == "-") return "*:" + numbers(row, first);
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + numbers(row, first);
}

// "10.0.0.0/8"; of a single address without its length.
std::string short_prefix(const std::string& prefix) {
  const bool v6 = prefix.find(':') != std::string::npos;
  const std::string whole = v6 ? "/128" : "/32";
  return prefix.ends_with(whole) ? prefix.substr(0, prefix.size() - whole.size()) : prefix;
}

std::string short_list(const json& prefixes) {
  std::string out;
  std::size_t shown = 0;
  for (const json& prefix : prefixes) {
    if (shown == kShown && prefixes.size() > kShown + 1)
      return out + " and " + std::to_string(prefixes.size() - shown) + " more";
    out += (out.empty() ? "" : ", ") + short_prefix(prefix.get<std::string>());
    ++shown;
  }
  return out;
}

std::string exposure_text(const json& exposure) {
  const std::string reach = text(exposure, "reach");
  if (reach == "this host") return "this host only";
  if (reach != "limited") return reach;
  const json allow = exposure.value("allow", json::array());
  const json except = exposure.value("except", json::array());
  if (allow.empty()) return "everyone but " + short_list(except);
  return short_list(allow) + (except.empty() ? "" : " but not " + short_list(except));
}

std::string origin_text(const json& exposure) {
  const std::string from = text(exposure, "from");
  return from == "default" ? "-" : from;
}

bool are_rows(const json& rows) {
  return rows.is_array() &&
         std::ranges::all_of(rows, [](const json& row) { return row.is_object(); });
}

}  // namespace

std::string format_port_rules(std::string_view ports, const std::vector<std::string>& sources) {
  return json{{"ports", ports}, {"sources", sources}}.dump(-1, ' ', false,
                                                           json::error_handler_t::replace);
}

bool is_ports(const json& document) {
  return are_rows(document.value("ports", json())) &&
         are_rows(document.value("rules", json::array()));
}

std::string ports_text(const json& document, std::string_view nothing) {
  Table table{.header = {"HOST", "PROTOCOL", "CONTAINER", "NAME", "NETWORK", "EXPOSURE", "FROM"},
              .rows = {}};
  const json none = json::object();
  for (const json& row : document.at("ports")) {
    const json exposure = row.value("exposure", none);
    table.rows.push_back({with_ports(row, "host_address", "host_port"), text(row, "protocol"),
                          with_ports(row, "container_address", "container_port"),
                          text(row, "endpoint"), text(row, "network"), exposure_text(exposure),
                          origin_text(exposure)});
  }
  for (const json& row : document.value("rules", json::array())) {
    if (row.value("published", true)) continue;
    const json exposure = row.value("exposure", none);
    table.rows.push_back({with_ports(row, "host_address", "host_port"), text(row, "protocol"),
                          "not published", "-", "-", exposure_text(exposure),
                          origin_text(exposure)});
  }
  return table.rows.empty() ? std::string(nothing) + "\n" : render(table);
}

std::string ports_summary(const json& status) {
  std::string out = text(status, "ports");
  const json exposure = status.value("exposure", json::object());
  const std::pair<const char*, const char*> kinds[] = {{"everyone", " open to everyone"},
                                                       {"limited", " limited"},
                                                       {"this_host", " on this host only"},
                                                       {"nobody", " closed"}};
  std::string counts;
  for (const auto& [field, words] : kinds)
    if (exposure.value(field, 0U) > 0)
      counts += (counts.empty() ? ": " : ", ") + text(exposure, field) + words;
  out += counts;
  if (status.value("host_rules", false)) out += "; the host's forward rules are asked first";
  return out;
}

}  // namespace fairlead::cli
