// Where the data path's kernel objects are pinned, by which they outlive the daemon.
//
//   <pin_dir>/maps/<map>            shared by all programs
//   <pin_dir>/links/endpoint_<dev>  tc_endpoint, one a container device
//   <pin_dir>/links/limit_<dev>     tc_limit, of those with a limit to what the container receives
//   <pin_dir>/links/uplink_<dev>    tc_uplink
//   <pin_dir>/links/xdp_<dev>       xdp_uplink
//   <pin_dir>/links/host            tc_host
//   <pin_dir>/links/tunnel          tc_tunnel
//   <pin_dir>/links/socket_<hook>   socket hooks
//   <pin_dir>/links/shortcut_<hook> socket_shortcut's
// TC links are pinned under TCX only; filters of a clsact qdisc live with their device.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace fairlead::datapath {

inline constexpr const char* kEndpointPin = "endpoint_";
inline constexpr const char* kLimitPin = "limit_";
inline constexpr const char* kUplinkPin = "uplink_";
inline constexpr const char* kSocketPin = "socket_";
inline constexpr const char* kShortcutPin = "shortcut_";
inline constexpr const char* kXdpPin = "xdp_";
inline constexpr const char* kHostPin = "host";
inline constexpr const char* kTunnelPin = "tunnel";

class Pins {
 public:
  explicit Pins(std::string root) : root_(std::move(root)) {}

  // Makes the folders, for root only. unsupported if it is not on a bpffs: says how to mount one.
  Status make_folders() const;

  std::string map(const std::string& name) const { return root_ + "/maps/" + name; }
  // The dots of "eth0.100" become colons: bpffs has no dots in names, devices no colons.
  std::string link(const char* kind, const std::string& device) const;

  // Names under links/ that begin with `kind`, without it, as devices are called.
  std::vector<std::string> linked(const char* kind) const;

  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

// Unlinks; what is gone already is success.
Status remove_pin(const std::string& path);

}  // namespace fairlead::datapath
