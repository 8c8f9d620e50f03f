#include "daemon/config.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/quote.h"
#include "daemon/config_values.h"
#include "daemon/host_name.h"

namespace fairlead::daemon {

namespace {

cluster::Settings& cluster_of(Config& config) {
  return config.cluster ? *config.cluster : config.cluster.emplace();
}

struct Key {
  std::string_view name;
  Status (*read)(const toml::node& node, Config& config);
};

constexpr std::int64_t kMostEntries = 1 << 24;
constexpr std::int64_t kMostPeers = 1 << 16;

constexpr Key kKeys[] = {
    {"plugin_socket", [](auto& node, auto& c) { return read_path(node, c.plugin_socket); }},
    {"api_socket", [](auto& node, auto& c) { return read_path(node, c.api_socket); }},
    {"state_dir", [](auto& node, auto& c) { return read_path(node, c.state_dir); }},
    {"pin_dir", [](auto& node, auto& c) { return read_path(node, c.pin_dir); }},
    {"cgroup",
     [](auto& node, auto& c) {
       return read_word(node, c.cgroup, {"auto", "off"}, true);
     }},
    {"attach",
     [](auto& node, auto& c) {
       return read_word(node, c.attach, {"auto", "clsact"});
     }},
    {"uplinks", [](auto& node, auto& c) { return read(node, c.uplinks); }},
    {"mtu", [](auto& node, auto& c) { return read_number(node, c.mtu, 0, 65535); }},
    {"request_timeout", [](auto& node, auto& c) { return read(node, c.request_timeout, 1); }},
    {"orphan_grace", [](auto& node, auto& c) { return read(node, c.orphan_grace, 1); }},
    {"log_level",
     [](auto& node, auto& c) {
       return read_word(node, c.log_level, {"debug", "info", "warning", "error"});
     }},
    {"host_device.name", [](auto& node, auto& c) { return read_device(node, c.host_device.name); }},
    {"host_device.peer", [](auto& node, auto& c) { return read_device(node, c.host_device.peer); }},
    {"docker.socket",
     [](auto& node, auto& c) { return read_path_or_nothing(node, c.docker.socket); }},
    {"docker.reconcile", [](auto& node, auto& c) { return read(node, c.docker.reconcile, 1); }},
    {"cluster.name", [](auto& node, auto& c) { return read(node, cluster_of(c).name); }},
    {"cluster.node", [](auto& node, auto& c) { return read(node, cluster_of(c).node); }},
    {"cluster.etcd", [](auto& node, auto& c) { return read(node, cluster_of(c).etcd); }},
    {"cluster.ca",
     [](auto& node, auto& c) { return read_path_or_nothing(node, cluster_of(c).ca); }},
    {"cluster.cert",
     [](auto& node, auto& c) { return read_path_or_nothing(node, cluster_of(c).cert); }},
    {"cluster.key",
     [](auto& node, auto& c) { return read_path_or_nothing(node, cluster_of(c).key); }},
    {"cluster.user", [](auto& node, auto& c) { return read(node, cluster_of(c).user); }},
    {"cluster.password", [](auto& node, auto& c) { return read(node, cluster_of(c).password); }},
    {"cluster.port", [](auto& node, auto& c) { return read_number(node, cluster_of(c).port, 1); }},
    {"cluster.underlay", [](auto& node, auto& c) { return read(node, cluster_of(c).underlay); }},
    {"cluster.mirror", [](auto& node, auto& c) { return read(node, cluster_of(c).mirror); }},
    {"cluster.lease", [](auto& node, auto& c) { return read(node, cluster_of(c).lease, 1); }},
    {"cluster.xdp",
     [](auto& node, auto& c) {
       return read_word(node, c.xdp, {"auto", "native", "off"});
     }},
    {"nat.port_range",
     [](auto& node, auto& c) { return read_ports(node, c.nat.first, c.nat.last); }},
    {"nat.flows_per_container",
     [](auto& node, auto& c) {
       return read_number(node, c.nat.flows_per_container, 0, kMostEntries);
     }},
    {"nat.timeouts.tcp_half_open",
     [](auto& node, auto& c) { return read(node, c.nat.timeouts.tcp_half_open, 1); }},
    {"nat.timeouts.tcp_established",
     [](auto& node, auto& c) { return read(node, c.nat.timeouts.tcp_established, 1); }},
    {"nat.timeouts.tcp_closing",
     [](auto& node, auto& c) { return read(node, c.nat.timeouts.tcp_closing, 1); }},
    {"nat.timeouts.tcp_reset",
     [](auto& node, auto& c) { return read(node, c.nat.timeouts.tcp_reset, 1); }},
    {"nat.timeouts.udp", [](auto& node, auto& c) { return read(node, c.nat.timeouts.udp, 1); }},
    {"nat.timeouts.udp_answered",
     [](auto& node, auto& c) { return read(node, c.nat.timeouts.udp_answered, 1); }},
    {"nat.timeouts.icmp", [](auto& node, auto& c) { return read(node, c.nat.timeouts.icmp, 1); }},
    {"publish.allow", [](auto& node, auto& c) { return read_sources(node, c.publish.allow); }},
    {"publish.host_rules", [](auto& node, auto& c) { return read(node, c.publish.host_rules); }},
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
    {"maps.peers",
     [](auto& node, auto& c) { return read_number(node, c.maps.peers, 1, kMostPeers); }},
    {"maps.remote_endpoints",
     [](auto& node,
        auto& c) { return read_number(node, c.maps.remote_endpoints, 1, kMostEntries); }},
    {"maps.members",
     [](auto& node, auto& c) { return read_number(node, c.maps.members, 1, kMostEntries); }},
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

// The settings of [cluster] as a whole; a node without a name is called as the host is.
Status finish_cluster(const toml::node& section, std::string_view origin, Config& config) {
  cluster::Settings& settings = cluster_of(config);
  if (settings.node.empty()) settings.node = host_name();
  auto done = cluster::check(settings);
  return done ? done : invalid(at_line(origin, section.source()) + done.error().message());
}

// A password in a file that others can read is no secret.
void warn_of_readers(const std::string& path, Config& config) {
  struct stat file {};
  if (!config.cluster || config.cluster->password.empty() || ::stat(path.c_str(), &file) != 0)
    return;
  if ((file.st_mode & S_IROTH) == 0 && ((file.st_mode & S_IRGRP) == 0 || file.st_gid == 0)) return;
  config.warnings.push_back(
      path + " holds a password and others than root can read it: chmod 600 " + path);
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
  if (const toml::node* section = parsed.table().get("cluster"); section != nullptr)
    if (auto done = finish_cluster(*section, origin, config); !done)
      return std::unexpected(std::move(done).error());
  return config;
}

Result<Config> read_config(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail_errno("read configuration " + path);
  std::ostringstream text;
  text << file.rdbuf();
  auto config = parse_config(text.str(), path);
  if (config) warn_of_readers(path, *config);
  return config;
}

}  // namespace fairlead::daemon
