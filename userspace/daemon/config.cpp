#include "daemon/config.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>

#include "base/quote.h"

namespace fairlead::daemon {

namespace {

std::unexpected<Error> invalid(std::string message) {
  return fail(Errc::invalid_argument, std::move(message));
}

Status read(const toml::node& node, std::string& field) {
  const auto value = node.value_exact<std::string>();
  if (!value) return invalid("must be a string");
  field = *value;
  return {};
}

// A whole number, from `least` to whatever the field can hold.
template <typename T>
Status read_number(const toml::node& node, T& field, std::int64_t least,
                   std::int64_t most = std::numeric_limits<T>::max()) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < least || *value > most)
    return invalid("must be a whole number from " + std::to_string(least) + " to " +
                   std::to_string(most));
  field = static_cast<T>(*value);
  return {};
}

Status read(const toml::node& node, std::chrono::seconds& field, std::int64_t least) {
  std::int64_t seconds = 0;
  constexpr std::int64_t kDay = 86400;
  if (auto done = read_number(node, seconds, least, kDay); !done) return done;
  field = std::chrono::seconds(seconds);
  return {};
}

Status read(const toml::node& node, std::vector<std::string>& field) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return invalid("must be an array of strings");
  field.clear();
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return invalid("must be an array of strings");
    field.push_back(*text);
  }
  return {};
}

Status read(const toml::node& node, std::vector<Prefix>& field, Family family) {
  std::vector<std::string> texts;
  if (auto done = read(node, texts); !done) return done;
  field.clear();
  for (const std::string& text : texts) {
    auto prefix = Prefix::parse(text);
    if (!prefix) return std::unexpected(std::move(prefix).error());
    if (prefix->family() != family)
      return invalid(fairlead::quoted(text) + " is not IPv" + (family == Family::v4 ? "4" : "6"));
    if (*prefix != prefix->network())
      return invalid(fairlead::quoted(text) + " has host bits: write " +
                     prefix->network().to_string());
    field.push_back(*prefix);
  }
  return {};
}

Status read_path(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done) return done;
  if (!field.starts_with('/')) return invalid("must be an absolute path");
  return {};
}

Status read_path_or_nothing(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done || field.empty()) return done;
  return read_path(node, field);
}

Status read_cgroup(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done) return done;
  if (field != "auto" && field != "off" && !field.starts_with('/'))
    return invalid("must be \"auto\", \"off\" or an absolute path");
  return {};
}

Status read_attach(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done) return done;
  if (field != "auto" && field != "clsact") return invalid("must be \"auto\" or \"clsact\"");
  return {};
}

Status read_device(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done) return done;
  if (field.empty() || field.size() > 15 || field.find_first_of("/ \t\n") != std::string::npos)
    return invalid("must be a device name of 1 to 15 characters");
  return {};
}

Status read_log_level(const toml::node& node, std::string& field) {
  if (auto done = read(node, field); !done) return done;
  for (const char* known : {"debug", "info", "warning", "error"})
    if (field == known) return {};
  return invalid("must be debug, info, warning or error");
}

// "61000-65535"
Status read_ports(const toml::node& node, std::uint16_t& first, std::uint16_t& last) {
  std::string text;
  if (auto done = read(node, text); !done) return done;
  const char* end = text.data() + text.size();
  const auto from = std::from_chars(text.data(), end, first);
  const bool dash = from.ec == std::errc() && from.ptr != end && *from.ptr == '-';
  const auto to = dash ? std::from_chars(from.ptr + 1, end, last) : from;
  if (!dash || to.ec != std::errc() || to.ptr != end || first < 1024 || last < first)
    return invalid("must be a range of ports above 1023, like \"61000-65535\"");
  return {};
}

struct Key {
  std::string_view name;
  Status (*read)(const toml::node& node, Config& config);
};

constexpr std::int64_t kMostEntries = 1 << 24;

constexpr Key kKeys[] = {
    {"plugin_socket", [](auto& node, auto& c) { return read_path(node, c.plugin_socket); }},
    {"api_socket", [](auto& node, auto& c) { return read_path(node, c.api_socket); }},
    {"state_dir", [](auto& node, auto& c) { return read_path(node, c.state_dir); }},
    {"pin_dir", [](auto& node, auto& c) { return read_path(node, c.pin_dir); }},
    {"cgroup", [](auto& node, auto& c) { return read_cgroup(node, c.cgroup); }},
    {"attach", [](auto& node, auto& c) { return read_attach(node, c.attach); }},
    {"uplinks", [](auto& node, auto& c) { return read(node, c.uplinks); }},
    {"mtu", [](auto& node, auto& c) { return read_number(node, c.mtu, 0, 65535); }},
    {"request_timeout", [](auto& node, auto& c) { return read(node, c.request_timeout, 1); }},
    {"orphan_grace", [](auto& node, auto& c) { return read(node, c.orphan_grace, 1); }},
    {"log_level", [](auto& node, auto& c) { return read_log_level(node, c.log_level); }},
    {"host_device.name", [](auto& node, auto& c) { return read_device(node, c.host_device.name); }},
    {"host_device.peer", [](auto& node, auto& c) { return read_device(node, c.host_device.peer); }},
    {"docker.socket",
     [](auto& node, auto& c) { return read_path_or_nothing(node, c.docker.socket); }},
    {"docker.reconcile", [](auto& node, auto& c) { return read(node, c.docker.reconcile, 1); }},
    {"nat.port_range",
     [](auto& node, auto& c) { return read_ports(node, c.nat.first, c.nat.last); }},
    {"ipam.ranges_v4",
     [](auto& node, auto& c) { return read(node, c.ipam.ranges_v4, Family::v4); }},
    {"ipam.cut_v4", [](auto& node, auto& c) { return read_number(node, c.ipam.cut_v4, 8, 30); }},
    {"ipam.ranges_v6",
     [](auto& node, auto& c) { return read(node, c.ipam.ranges_v6, Family::v6); }},
    {"ipam.cut_v6", [](auto& node, auto& c) { return read_number(node, c.ipam.cut_v6, 16, 126); }},
    {"ipam.cooldown", [](auto& node, auto& c) { return read(node, c.ipam.cooldown, 0); }},
    {"maps.networks",
     [](auto& node, auto& c) { return read_number(node, c.maps.networks, 1, kMostEntries); }},
    {"maps.endpoints",
     [](auto& node, auto& c) { return read_number(node, c.maps.endpoints, 1, kMostEntries); }},
    {"maps.ports",
     [](auto& node, auto& c) { return read_number(node, c.maps.ports, 1, kMostEntries); }},
    {"maps.flows",
     [](auto& node, auto& c) { return read_number(node, c.maps.flows, 1, kMostEntries); }},
};

bool is_section(std::string_view name) {
  const std::string prefix = std::string(name) + ".";
  return std::ranges::any_of(kKeys, [&](const Key& key) { return key.name.starts_with(prefix); });
}

// What could have been meant: the keys beside an unknown one.
std::string keys_beside(std::string_view section) {
  std::string out;
  for (const Key& key : kKeys) {
    if (!key.name.starts_with(section)) continue;
    const std::string_view rest = key.name.substr(section.size());
    if (rest.find('.') == std::string_view::npos)
      out += (out.empty() ? "" : ", ") + std::string(rest);
  }
  return out;
}

std::string at_line(std::string_view origin, const toml::source_region& source) {
  return std::string(origin) + ":" + std::to_string(source.begin.line) + ": ";
}

Status read_table(const toml::table& table, std::string_view section, std::string_view origin,
                  Config& config) {
  for (const auto& [key, node] : table) {
    const std::string name = std::string(section) + std::string(key.str());
    const auto* known = std::ranges::find(kKeys, name, &Key::name);
    if (known != std::end(kKeys)) {
      if (auto done = known->read(node, config); !done)
        return invalid(at_line(origin, node.source()) + name + " " + done.error().message());
    } else if (const toml::table* inner = node.as_table(); inner != nullptr && is_section(name)) {
      if (auto done = read_table(*inner, name + ".", origin, config); !done) return done;
    } else {
      const std::string beside = keys_beside(section);
      return invalid(at_line(origin, key.source()) + "unknown key " + fairlead::quoted(name) +
                     (beside.empty() ? "" : "; known here: " + beside));
    }
  }
  return {};
}

}  // namespace

Result<Config> parse_config(std::string_view text, std::string_view origin) {
  const toml::parse_result parsed = toml::parse(text, origin);
  if (!parsed)
    return invalid(at_line(origin, parsed.error().source()) +
                   std::string(parsed.error().description()));
  Config config;
  if (auto done = read_table(parsed.table(), "", origin, config); !done)
    return std::unexpected(std::move(done).error());
  return config;
}

Result<Config> read_config(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail_errno("read configuration " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return parse_config(text.str(), path);
}

}  // namespace fairlead::daemon
