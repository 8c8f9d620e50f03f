// What options of a network are called: Docker's own names (libnetwork netlabel) where Docker has
// one.
#pragma once

namespace fairlead::engine::option {

// -o, driver_opts, "options".
inline constexpr char kMtu[] = "com.docker.network.driver.mtu";
inline constexpr char kInterfacePrefix[] = "com.docker.network.container_iface_prefix";
inline constexpr char kIcc[] = "com.docker.network.bridge.enable_icc";
inline constexpr char kMasquerade[] = "com.docker.network.bridge.enable_ip_masquerade";
inline constexpr char kHostBinding[] = "com.docker.network.bridge.host_binding_ipv4";
inline constexpr char kGatewayModeV4[] = "com.docker.network.bridge.gateway_mode_ipv4";
inline constexpr char kGatewayModeV6[] = "com.docker.network.bridge.gateway_mode_ipv6";
inline constexpr char kRouted[] = "fairlead.routed";
inline constexpr char kShortcut[] = "fairlead.shortcut";
inline constexpr char kOwnPrefix[] = "fairlead.";

// The same, and of pools: --ipam-opt.
inline constexpr char kScope[] = "fairlead.scope";      // "cluster" or "host"
inline constexpr char kNetwork[] = "fairlead.network";  // of the cluster: its name or id
inline constexpr char kVni[] = "fairlead.vni";          // not of pools

}  // namespace fairlead::engine::option
