/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets from outside that no published port is there for: what is forged, and what goes straight to a
 * container's address. Of these, ping of a container on a routed network gets through. For tc_uplink.
 */
#ifndef FL_LIB_DIRECT_H
#define FL_LIB_DIRECT_H

#include "host_rules.h"
#include "make_flow.h"
#include "packet.h"
#include "publish.h"
#include "subnet.h"

/* Nobody outside has such a source, and no wire leads to such a destination: CVE-2020-8558. */
static __always_inline int is_forged(const struct packet *pkt)
{
	return addr_is_martian(&pkt->flow.src) || addr_is_multicast(&pkt->flow.src) ||
	       addr_is_loopback(&pkt->flow.dst) || is_local(&pkt->flow.src) ||
	       find_network(&pkt->flow.src);
}

static __always_inline int is_routed(__u32 id)
{
	const struct fl_network *network = bpf_map_lookup_elem(&fl_networks, &id);

	return network && (network->flags & FL_NET_ROUTED);
}

/* FL_OK: the flow is made. FL_PUNT_NOT_OURS: in no network of ours. */
static __noinline enum fl_reason open_direct(struct packet *pkt)
{
	struct fl_forward_key key = {.addr = pkt->flow.dst};
	const struct fl_forward *target;
	struct new_flow flow = {};

	pkt->network = find_network(&pkt->flow.dst);
	if (!pkt->network)
		return FL_PUNT_NOT_OURS;
	if (pkt->fragment == FRAGMENT_LATER || !is_echo_request(pkt) || !is_routed(pkt->network))
		return FL_DROP_DIRECT;
	if (is_forged(pkt))
		return FL_DROP_MARTIAN;
	key.network = pkt->network;
	target = bpf_map_lookup_elem(&fl_forward, &key);
	if (!target || target->kind != FL_TARGET_LOCAL)
		return FL_DROP_DIRECT;

	flow.kind = FL_NAT_PUBLISHED;
	flow.flags = first_flags();
	flow.src = pkt->flow.src;
	flow.dst = pkt->flow.dst;
	flow.sport = pkt->flow.sport;
	flow.dport = pkt->flow.dport;
	flow.network = pkt->network;
	flow.ifindex = target->ifindex;
	flow.endpoint = target->ifindex;
	flow.reply_endpoint = target->ifindex;
	return make_flow(pkt, &flow);
}

#endif
