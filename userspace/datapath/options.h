// What the data path is told once, when it starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "model/address.h"

namespace fairlead::datapath {

// Entries of the maps; taken when a map is first made. A map that is pinned already keeps its size,
// with its contents, and Facts::problems says so.
struct MapSizes {
  std::uint32_t endpoints = 4096;
  std::uint32_t networks = 1024;
  std::uint32_t ports = 131072;  // published ports; every IPv4 and every IPv6 address are two
  std::uint32_t flows = 131072;  // translated flows that are kept at a time
  std::uint32_t peers = 4096;    // other hosts of the cluster
  std::uint32_t remote_endpoints = 65536;  // of all of them
  std::uint32_t members = 65536;           // networks of all of them
};

// How long an idle flow is kept.
struct Timeouts {
  std::chrono::seconds tcp_half_open{20};
  std::chrono::seconds tcp_established{2 * 60 * 60};
  std::chrono::seconds tcp_closing{30};
  std::chrono::seconds tcp_reset{10};
  std::chrono::seconds udp{30};
  std::chrono::seconds udp_answered{180};
  std::chrono::seconds icmp{10};
};

struct Options {
  std::string pin_dir;  // on a bpffs: /sys/fs/bpf/fairlead
  std::string cgroup;   // cgroup v2 folder whose sockets reach published ports locally; "": off
  std::string host_device = "fl_host";
  int host_index = 0;                    // its ifindex
  Mac gateway_mac;                       // its MAC
  std::uint16_t nat_port_first = 61000;  // both ends included
  std::uint16_t nat_port_last = 65535;
  std::uint32_t flows_per_container = 0;  // 0: half of sizes.flows
  Timeouts timeouts;
  bool host_rules = false;       // new flows to published ports pass the host's forward rules first
  std::uint64_t host_netns = 0;  // cookie (SO_NETNS_COOKIE); 0: of the caller's namespace
  bool allow_tcx = true;         // false: clsact even where the kernel has TCX
  // How uplinks take packets out of their tunnel: "native", in the driver, where it can; "off", at
  // TC; "auto", what is faster: TC, for no driver was measured to win by XDP yet.
  std::string xdp = "auto";
  MapSizes sizes;
  std::function<void(std::string_view line)> libbpf_log;  // null: dropped
};

}  // namespace fairlead::datapath
