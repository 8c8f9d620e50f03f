// Which devices lead outside, and which addresses are the host's own.
#pragma once

#include <string>
#include <vector>

#include "datapath/datapath.h"
#include "netlink/links.h"

namespace fairlead::engine {

// `wanted`: device names from the configuration; empty: every Ethernet device with a global
// address that is no part of another device and not fairlead's own. Bridges that lead to
// nothing but containers are watched for packets to published ports, but containers do not leave
// through them. `own_prefix`: how fairlead's devices are called. Pure.
datapath::HostView view_host(const std::vector<netlink::LinkInfo>& links,
                             const std::vector<netlink::AddressInfo>& addresses,
                             const std::vector<std::string>& wanted, const std::string& own_prefix);

// Smallest MTU of the uplinks that containers leave through, 1500 bytes without one.
std::uint32_t smallest_mtu(const datapath::HostView& view);

}  // namespace fairlead::engine
