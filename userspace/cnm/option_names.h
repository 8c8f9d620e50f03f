// Docker's names of options (libnetwork netlabel), and where they are used here.
#pragma once

namespace fairlead::cnm::option {

// Of CreateNetwork, set by Docker itself.
inline constexpr char kEnableIpv4[] = "com.docker.network.enable_ipv4";
inline constexpr char kEnableIpv6[] = "com.docker.network.enable_ipv6";
inline constexpr char kInternal[] = "com.docker.network.internal";
inline constexpr char kGeneric[] = "com.docker.network.generic";

// Of CreateNetwork, set by the user: -o, driver_opts.
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

// Of CreateNetwork and of RequestPool: -o and --ipam-opt.
inline constexpr char kScope[] = "fairlead.scope";      // "cluster" or "host"
inline constexpr char kNetwork[] = "fairlead.network";  // of the cluster: its name or id
inline constexpr char kVni[] = "fairlead.vni";          // of CreateNetwork only

// Of endpoints.
inline constexpr char kPortMap[] = "com.docker.network.portmap";
inline constexpr char kExposedPorts[] = "com.docker.network.endpoint.exposedports";
inline constexpr char kEndpointMac[] = "com.docker.network.endpoint.macaddress";
inline constexpr char kNoProxy6To4[] = "com.docker.network.driver.private.no_proxy_6to4";

// Of RequestAddress.
inline constexpr char kAddressType[] = "RequestAddressType";
inline constexpr char kGateway[] = "com.docker.network.gateway";

}  // namespace fairlead::cnm::option
