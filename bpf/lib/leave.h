/* SPDX-License-Identifier: GPL-2.0-only */
/* First packet of a flow that leaves its network: where to, and under which addresses. For tc_endpoint. */
#ifndef FL_LIB_LEAVE_H
#define FL_LIB_LEAVE_H

#include "nat.h"
#include "nat_port.h"
#include "publish.h"
#include "route.h"
#include "subnet.h"

/* The device that the host's route to the packet's destination leads to. */
static __noinline enum fl_reason find_uplink(struct __sk_buff *skb, struct packet *pkt,
					     __u32 *ifindex)
{
	struct bpf_fib_lookup fib = {};
	enum fl_reason why;
	int resolved;

	why = find_route(skb, pkt, &fib, &resolved);
	*ifindex = fib.ifindex;
	return why;
}

static __always_inline int can_masquerade(const struct packet *pkt)
{
	return pkt->flow.proto == IPPROTO_TCP || pkt->flow.proto == IPPROTO_UDP ||
	       is_echo_request(pkt);
}

/* To the outside, with the uplink's address and a port of ours, or just as it is. */
static __noinline enum fl_reason open_outside(struct __sk_buff *skb, struct packet *pkt,
					      __u32 flags)
{
	struct new_flow flow = {};
	const struct fl_uplink *uplink;
	enum fl_reason why;
	__u32 ifindex = 0;

	why = find_uplink(skb, pkt, &ifindex);
	if (why)
		return why;
	uplink = bpf_map_lookup_elem(&fl_uplinks, &ifindex);
	if (!uplink || !(uplink->flags & FL_UPLINK_MASQUERADE))
		return FL_DROP_NOT_UPLINK;

	flow.src = pkt->flow.src;
	flow.dst = pkt->flow.dst;
	flow.sport = pkt->flow.sport;
	flow.dport = pkt->flow.dport;
	flow.network = pkt->network;
	flow.endpoint = skb->ifindex;
	flow.reply_ifindex = skb->ifindex;
	flow.reply_endpoint = skb->ifindex;
	if (!(flags & FL_NET_MASQUERADE)) {
		flow.kind = FL_NAT_ROUTED;
		return make_flow(pkt, &flow);
	}
	if (!can_masquerade(pkt))
		return FL_DROP_NAT_PROTOCOL;
	flow.kind = FL_NAT_MASQUERADE;
	flow.src = pkt->is_v4 ? uplink->addr4 : uplink->addr6;
	if (addr_is_none(&flow.src))
		return FL_DROP_NO_UPLINK_ADDRESS;
	return make_flow_with_port(skb, pkt, &flow);
}

/* To a published port of this host: container X gets it from its own gateway, so that its answer comes back
 * here, even if X is the sender. FL_PUNT_NOT_OURS: not published on this address. */
static __noinline enum fl_reason open_hairpin(struct __sk_buff *skb, const struct packet *pkt)
{
	struct new_flow flow = {};
	const struct fl_network *network;
	const struct fl_port *port;
	struct published found;
	__u32 id;

	if (!find_port(&pkt->flow.dst, pkt->flow.dport, pkt->flow.proto, &found))
		return FL_PUNT_NOT_OURS;
	port = found.to;
	if (!may_reach(port->list, &pkt->flow.src))
		return FL_DROP_NOT_ALLOWED;
	id = port->network;
	network = bpf_map_lookup_elem(&fl_networks, &id);
	if (!network)
		return FL_DROP_NOT_PUBLISHED;
	flow.kind = FL_NAT_HAIRPIN;
	flow.src = addr_is_v4(&port->addr) ? network->gateway4 : network->gateway6;
	if (addr_is_none(&flow.src))
		return FL_DROP_NOT_PUBLISHED;
	flow.dst = port->addr;
	flow.dport = found.port;
	flow.network = id;
	flow.ifindex = port->ifindex;
	flow.endpoint = skb->ifindex;
	flow.reply_ifindex = skb->ifindex;
	flow.reply_endpoint = port->ifindex; /* both entries name both ends */
	return make_flow_with_port(skb, pkt, &flow);
}

#endif
