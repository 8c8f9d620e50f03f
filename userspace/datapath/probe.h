// Kernel features that the programs are told of, found by trying.
#pragma once

#include <cstdint>

#include "base/error.h"

namespace fairlead::datapath {

// Does bpf_l4_csum_replace() know BPF_F_IPV6 (Linux 6.16, and stable kernels that took it over)?
bool knows_ipv6_checksum_flag();

// Does bpf_skb_adjust_room() know BPF_F_ADJ_ROOM_DECAP_L3_IPV4 and _IPV6 (Linux 6.3): a packet that
// leaves a tunnel may be of another family than its outer header?
bool knows_decap_l3_flags();
// And DECAP_L4_UDP, with which the tunnel's segmentation state goes too?
bool knows_decap_l4_udp_flag();

// Can a packet's struct sk_buff be read (bpf_cast_to_kern_ctx(), Linux 6.2)? Needs the kernel's
// BTF.
bool can_read_skb();

// The cookie of the calling thread's network namespace (SO_NETNS_COOKIE, Linux 5.14).
Result<std::uint64_t> netns_cookie();

}  // namespace fairlead::datapath
