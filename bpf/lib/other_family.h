/* SPDX-License-Identifier: GPL-2.0-only */
/* First packet of a client to a published port whose container has no address of the client's family. For tc_uplink. */
#ifndef FL_LIB_OTHER_FAMILY_H
#define FL_LIB_OTHER_FAMILY_H

#include "nat_port.h"

/* To the container, the client is its network's gateway, with a port of ours that keeps clients apart. SCTP's checksum
 * covers the port, which therefore stays the client's. */
static __noinline enum fl_reason
make_flow_of_other_family(struct __sk_buff *skb, const struct packet *pkt, struct new_flow *flow)
{
	__u32 id = flow->network;
	const struct fl_network *network = bpf_map_lookup_elem(&fl_networks, &id);

	if (!network)
		return FL_DROP_NOT_PUBLISHED;
	flow->src = addr_is_v4(&flow->dst) ? network->gateway4 : network->gateway6;
	if (addr_is_none(&flow->src))
		return FL_DROP_NOT_PUBLISHED;
	return pkt->flow.proto == IPPROTO_SCTP ? make_flow(pkt, flow)
					       : make_flow_with_port(skb, pkt, flow);
}

#endif
