// The header that tunnel packets to one next hop get (bpf/shared/peer.h: fl_hop).
#pragma once

#include "bpf/shared/peer.h"
#include "datapath/datapath.h"

namespace fairlead::datapath {

// Ethernet, IPv4 or IPv6, UDP and VXLAN, as the kernel's own device writes them: DF set and ID 0,
// so that GRO of every kernel merges (RFC 6864 4.1 allows it), TTL 64, UDP checksum 0 (RFC 6935),
// VXLAN flags 0x08 (RFC 7348 5). `local` and `remote` are of one family; `port`: host byte order.
fl_hop outer_header(const NextHop& hop, const Address& local, const Address& remote,
                    std::uint16_t port);

// What a header was made from.
NextHop hop_of(const fl_hop& header);
std::uint16_t port_of(const fl_hop& header);

}  // namespace fairlead::datapath
