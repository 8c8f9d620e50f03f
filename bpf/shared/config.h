/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything the daemon tells a program before it is loaded. Lives in .rodata, so
 * the verifier sees constants and removes branches that are off. What changes while
 * packets flow is in a map; nothing is in both. */
#ifndef FL_SHARED_CONFIG_H
#define FL_SHARED_CONFIG_H

#include "layout.h"

struct fl_config {
	__u64 host_netns; /* netns cookie of the host; socket hooks act only there */
	__u32 host_ifindex; /* of fl_host */
	__u16 nat_port_first; /* masquerade ports, host byte order, both ends included */
	__u16 nat_port_last;
	__u8 gateway_mac[6]; /* of every gateway address of every network, and of fl_host */
	__u8 csum_ipv6; /* 0/1: bpf_l4_csum_replace knows BPF_F_IPV6 */
	__u8 decap_l3; /* 0/1: bpf_skb_adjust_room knows BPF_F_ADJ_ROOM_DECAP_L3_IPV4/6 */
	__u8 decap_l4_udp; /* 0/1: and DECAP_L4_UDP, which clears the tunnel's GSO state */
	__u8 host_rules; /* 0/1: new flows to published ports pass the host's forward rules first */
	__u8 reads_skb; /* 0/1: bpf_cast_to_kern_ctx() is there, and fields of struct sk_buff can be read */
	__u8 pad; /* always 0 */
	__u32 flows_per_container; /* at the most, of those that fl_flow_counts counts */
};
FL_LAYOUT(fl_config, 8 + 4 + 2 + 2 + 6 + 1 + 1 + 1 + 1 + 1 + 1 + 4);

#endif
