/* SPDX-License-Identifier: GPL-2.0-only */
/* Broadcast and multicast: a copy to each endpoint of the network, as a bridge without snooping does. */
#ifndef FL_LIB_FLOOD_H
#define FL_LIB_FLOOD_H

#include "config.h"
#include "maps.h"
#include "packet.h"

struct flood {
	struct __sk_buff *skb;
	__u32 network;
	__u32 sender; /* ifindex that gets no copy; 0: all do */
};

static int copy_to_member(__u32 slot, void *arg)
{
	struct flood *flood = arg;
	struct fl_member_key key = {.network = flood->network, .slot = slot};
	const __u32 *ifindex = bpf_map_lookup_elem(&fl_members, &key);

	if (ifindex && *ifindex != flood->sender)
		bpf_clone_redirect(flood->skb, *ifindex,
				   0); /* a copy that fails is one lost frame */
	return 0;
}

static __noinline int copy_to_members(struct __sk_buff *skb, __u32 network, __u32 sender)
{
	const struct fl_network *net = bpf_map_lookup_elem(&fl_networks, &network);
	struct flood flood = {.skb = skb, .network = network, .sender = sender};

	if (!net)
		return 0;
	bpf_loop(net->members < FL_MAX_MEMBERS ? net->members : FL_MAX_MEMBERS, copy_to_member,
		 &flood, 0);
	return 0;
}

/* Is addr the broadcast address of the IPv4 subnet of the network? (RFC 3021: /31 has none.) */
static __noinline int is_subnet_broadcast(const struct fl_addr *addr, __u32 network)
{
	const struct fl_network *net = bpf_map_lookup_elem(&fl_networks, &network);
	__u32 host_bits;

	if (!addr || !net || !addr_is_v4(addr) || addr_is_none(&net->gateway4) || net->prefix4 > 30)
		return 0;
	host_bits = 0xffffffff >> net->prefix4;
	return bpf_ntohl(addr_word(addr, 3)) ==
	       (bpf_ntohl(addr_word(&net->subnet4, 3)) | host_bits);
}

#endif
