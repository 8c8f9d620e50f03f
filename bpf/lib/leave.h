/* SPDX-License-Identifier: GPL-2.0-only */
/* First packet of a flow that leaves its network: where to, and under which addresses. For tc_endpoint. */
#ifndef FL_LIB_LEAVE_H
#define FL_LIB_LEAVE_H

#include "nat.h"
#include "publish.h"
#include "route.h"
#include "subnet.h"

/* How many ports are tried before a new flow is given up. */
#define FL_PORT_TRIES 32

/* Flow whose source port is ours to choose: the packet's own if it is in the range and free, else
 * from a random place on. */
static __noinline enum fl_reason make_flow_with_port(const struct packet *pkt,
						     struct new_flow *flow)
{
	__u32 range = fl_config.nat_port_last - fl_config.nat_port_first + 1;
	__u32 offset = bpf_ntohs(pkt->flow.sport) - fl_config.nat_port_first;
	struct fl_flow key = {};
	struct fl_nat nat = {};
	int i;

	if (!in_nat_range(pkt->flow.sport))
		offset = bpf_get_prandom_u32();
	fill_reply(pkt, flow, &key, &nat);
	for (i = 0; i < FL_PORT_TRIES; i++) {
		flow->sport = bpf_htons(fl_config.nat_port_first + offset % range);
		if (pkt->flow.proto == IPPROTO_ICMP || pkt->flow.proto == IPPROTO_ICMPV6) {
			flow->dport = flow->sport; /* one identifier is both */
			key.sport = flow->sport;
		}
		key.dport = flow->sport;
		if (!bpf_map_update_elem(&fl_nat, &key, &nat, BPF_NOEXIST))
			return put_forward(pkt, flow, &nat);
		offset = i ? offset + 1 : bpf_get_prandom_u32();
	}
	return FL_DROP_NAT_EXHAUSTED;
}

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
	return make_flow_with_port(pkt, &flow);
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
	if (!network || addr_is_v4(&port->addr) != pkt->is_v4)
		return FL_DROP_NOT_PUBLISHED;
	flow.kind = FL_NAT_HAIRPIN;
	flow.src = pkt->is_v4 ? network->gateway4 : network->gateway6;
	if (addr_is_none(&flow.src))
		return FL_DROP_NOT_PUBLISHED;
	flow.dst = port->addr;
	flow.dport = found.port;
	flow.network = id;
	flow.ifindex = port->ifindex;
	flow.endpoint = skb->ifindex;
	flow.reply_ifindex = skb->ifindex;
	flow.reply_endpoint = port->ifindex; /* both entries name both ends */
	return make_flow_with_port(pkt, &flow);
}

#endif
