#include "cli/codec_cni.h"

#include <nlohmann/json.hpp>

#include "cli/codec_fields.h"
#include "cli/table.h"

namespace fairlead::cli {

namespace {

using nlohmann::json;

constexpr const char* kType = "fairlead-cni";

// Runtimes leave out, without a word, what is not said to be wanted here.
constexpr const char* kCapabilities[] = {"portMappings", "mac", "ips",
                                         "bandwidth",    "dns", "aliases"};

void put(json& object, const char* field, const std::string& value) {
  if (!value.empty()) object[field] = value;
}

json plugin_json(const ConflistWish& wish) {
  json out = {{"type", kType}};
  put(out, "network", wish.network);
  put(out, "subnet", wish.subnet);
  put(out, "gateway", wish.gateway);
  put(out, "range", wish.range);
  if (wish.ipv6_subnet == "auto")
    out["ipv6"] = true;
  else if (!wish.ipv6_subnet.empty())
    out["ipv6"] = {{"subnet", wish.ipv6_subnet}};
  if (wish.mtu != 0) out["mtu"] = wish.mtu;
  if (wish.internal) out["internal"] = true;
  for (const char* capability : kCapabilities) out["capabilities"][capability] = true;
  return out;
}

std::string string_of(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string format_conflist(const ConflistWish& wish) {
  // Older libraries read only cniVersion, and do not know 1.1.0.
  const json out = {{"cniVersion", "1.0.0"},
                    {"cniVersions", {"0.4.0", "1.0.0", "1.1.0"}},
                    {"name", wish.name},
                    {"plugins", json::array({plugin_json(wish)})}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<Conflist> parse_conflist(std::string_view text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return std::nullopt;
  const auto plugins = document.find("plugins");
  if (plugins == document.end() || !plugins->is_array()) return std::nullopt;
  Conflist out{.name = string_of(document, "name"), .ours = false, .network = {}};
  for (const json& plugin : *plugins) {
    if (!plugin.is_object() || string_of(plugin, "type") != kType) continue;
    out.ours = true;
    out.network = string_of(plugin, "network");
    if (out.network.empty()) out.network = out.name;
  }
  return out;
}

Result<std::optional<std::string>> parse_unready(std::string_view body) {
  const json document = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("ready") || !document["ready"].is_boolean())
    return fail(Errc::invalid_argument, "the answer does not say whether fairleadd is ready");
  if (document["ready"].get<bool>()) return std::nullopt;
  const std::string why = lines("", document, "problems");
  return why.empty() ? "it says no reason" : why;
}

std::string format_cni_json(const CniView& view) {
  json files = json::array();
  for (const CniView::File& file : view.files)
    files.push_back({{"file", file.path}, {"name", file.name}, {"network", file.network}});
  const json out = {{"schema", "fairlead.cni/v1"},
                    {"configurations", std::move(files)},
                    {"binaries", view.binaries}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string format_cni_text(const CniView& view) {
  Table table{.header = {"NAME", "NETWORK", "FILE"}, .rows = {}};
  for (const CniView::File& file : view.files)
    table.rows.push_back({file.name, file.network, file.path});
  std::string out = view.files.empty() ? "no configuration of fairlead-cni\n" : render(table);
  if (view.binaries.empty())
    out += "Plugin: not where runtimes look for it; fairlead cni install puts it there\n";
  for (const std::string& path : view.binaries) out += "Plugin: " + path + "\n";
  return out;
}

}  // namespace fairlead::cli
