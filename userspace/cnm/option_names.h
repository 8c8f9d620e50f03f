// Docker's names of options (libnetwork netlabel), and where they are used here.
#pragma once

#include "engine/option_names.h"

namespace fairlead::cnm::option {

using namespace engine::option;  // those that users set

// Of CreateNetwork, set by Docker itself.
inline constexpr char kEnableIpv4[] = "com.docker.network.enable_ipv4";
inline constexpr char kEnableIpv6[] = "com.docker.network.enable_ipv6";
inline constexpr char kInternal[] = "com.docker.network.internal";
inline constexpr char kGeneric[] = "com.docker.network.generic";

// Of endpoints.
inline constexpr char kPortMap[] = "com.docker.network.portmap";
inline constexpr char kExposedPorts[] = "com.docker.network.endpoint.exposedports";
inline constexpr char kEndpointMac[] = "com.docker.network.endpoint.macaddress";
inline constexpr char kNoProxy6To4[] = "com.docker.network.driver.private.no_proxy_6to4";

// Of RequestAddress.
inline constexpr char kAddressType[] = "RequestAddressType";
inline constexpr char kGateway[] = "com.docker.network.gateway";

}  // namespace fairlead::cnm::option
