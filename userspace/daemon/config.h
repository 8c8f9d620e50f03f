// Everything that can be set, with its default. Fixed after start.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/settings.h"
#include "datapath/options.h"
#include "model/address.h"

namespace fairlead::daemon {

struct Config {
  std::string plugin_socket = "/run/docker/plugins/fairlead.sock";  // its name is the driver's
  std::string api_socket = "/run/fairlead/fairlead.sock";
  std::string state_dir = "/var/lib/fairlead";
  std::string pin_dir = "/sys/fs/bpf/fairlead";  // on a bpffs
  std::string cgroup = "auto";       // where socket hooks go: "auto" (the root), "off", or a folder
  std::string attach = "auto";       // "auto": TCX where the kernel has it; "clsact": never TCX
  std::vector<std::string> uplinks;  // empty: found by looking
  std::uint32_t mtu = 0;             // of networks without one; 0: the uplinks'
  std::chrono::seconds request_timeout{9};  // answer or error after this, at the latest
  std::chrono::seconds orphan_grace{60};    // see engine::reconcile
  std::string log_level = "info";

  struct {
    std::string name = "fl_host";
    std::string peer = "fl_peer";
  } host_device;

  struct {
    std::string socket = "/run/docker.sock";  // empty: never asked
    std::chrono::seconds reconcile{30};
  } docker;

  // Absent: what `fairlead cluster init | join` said, if anything. Its node is never empty.
  std::optional<cluster::Settings> cluster;
  // Where tunnel packets are unpacked (datapath::Options::xdp); in section [cluster].
  std::string xdp = "auto";

  // Source ports of masqueraded flows. Disjoint from ip_local_port_range (32768-60999), so that no
  // port of the host's own connections can be meant.
  struct {
    std::uint16_t first = 61000;
    std::uint16_t last = 65535;
    std::uint32_t flows_per_container = 0;  // at the most; 0: half of maps.flows
    datapath::Timeouts timeouts;
  } nat;

  // Who may reach published ports of which nothing else is said; absent: everyone.
  struct {
    std::optional<std::vector<Prefix>> allow;
    bool host_rules = false;  // first packets to published ports pass the host's forward rules
  } publish;

  // Where subnets are cut from when the user gives none. IPv4: RFC 6598 space, which neither
  // Docker's own pools nor home and office networks use. IPv6: an RFC 4193 prefix with a random
  // global ID.
  struct {
    std::vector<Prefix> ranges_v4{Prefix(Address::parse("100.96.0.0").value(), 14)};
    unsigned cut_v4 = 24;
    std::vector<Prefix> ranges_v6{Prefix(Address::parse("fd5a:93c1:7e24::").value(), 48)};
    unsigned cut_v6 = 64;
    std::chrono::seconds cooldown{60};
  } ipam;

  // Entries of the maps that grow with use; taken when a map is first made (datapath/options.h).
  struct {
    std::uint32_t endpoints = 4096;
    std::uint32_t networks = 1024;
    std::uint32_t ports = 131072;
    std::uint32_t flows = 131072;
    std::uint32_t peers = 4096;
    std::uint32_t remote_endpoints = 65536;
    std::uint32_t members = 65536;
  } maps;

  std::vector<std::string> warnings;  // about the file itself, for people
};

// TOML. `origin` is the file's name, for messages: "fairlead.toml:12: unknown key \"mut\"".
// Errors: invalid_argument for syntax, an unknown key, a wrong type or value, each with its line.
Result<Config> parse_config(std::string_view text, std::string_view origin);

// Errors: as parse_config, and not_found or whatever else the file system says.
Result<Config> read_config(const std::string& path);

}  // namespace fairlead::daemon
