/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's own sockets that a published port led to a container (cgroup_sockets.bpf.c): a connected one keeps that
 * container's address for its life, and the port may lead elsewhere by now, or nowhere. For tc_host.
 *
 * Datagrams follow the port, by a flow of kind FL_NAT_MOVED; the answers get the address that the socket knows.
 */
#ifndef FL_LIB_MOVED_H
#define FL_LIB_MOVED_H

#include "make_flow.h"
#include "parse.h"
#include "publish.h"

/* What the sender asked for, if it is a socket that was led to the packet's destination. */
static __noinline const struct fl_socket *find_asked(struct __sk_buff *skb,
						     const struct packet *pkt)
{
	struct fl_socket_key key = {
		.cookie = bpf_get_socket_cookie(skb),
		.addr = pkt->flow.dst,
		.port = pkt->flow.dport,
	};

	return key.cookie ? bpf_map_lookup_elem(&fl_sockets, &key) : NULL;
}

static __noinline enum fl_reason open_moved(const struct packet *pkt, const struct published *now)
{
	struct new_flow flow = {};
	const struct fl_port *port = now ? now->to : NULL;

	if (!port)
		return FL_DROP_NOT_PUBLISHED; /* for the verifier: callers have checked */
	flow.kind = FL_NAT_MOVED;
	flow.src = pkt->flow.src;
	flow.dst = port->addr;
	flow.sport = pkt->flow.sport;
	flow.dport = now->port;
	flow.network = port->network;
	flow.ifindex = port->ifindex;
	flow.endpoint = port->ifindex;
	flow.reply_endpoint = port->ifindex;
	return make_flow(pkt, &flow);
}

static __always_inline int leads_to(const struct fl_addr *addr, __be16 port,
				    const struct published *now)
{
	return port == now->port && addr_equal(addr, &now->to->addr);
}

/* FL_OK: the packet may go; *moved says how it is rewritten first, if it is not NULL. TCP cannot change its peer. */
static __always_inline enum fl_reason follow_port(struct __sk_buff *skb, struct packet *pkt,
						  struct fl_nat **moved)
{
	const struct fl_socket *asked;
	struct published now;
	enum fl_reason why;

	if (pkt->flow.proto != IPPROTO_UDP && pkt->flow.proto != IPPROTO_TCP)
		return FL_OK;
	if (parse_l4(skb, pkt) || (pkt->fragment == FRAGMENT_LATER && borrow_ports(pkt)))
		return FL_OK;
	asked = find_asked(skb, pkt);
	if (!asked)
		return FL_OK;
	if (!find_port(&asked->addr, asked->port, pkt->flow.proto, &now))
		return FL_DROP_NOT_PUBLISHED;
	if (leads_to(&pkt->flow.dst, pkt->flow.dport, &now))
		return FL_OK;
	if (pkt->flow.proto != IPPROTO_UDP || addr_is_v4(&now.to->addr) != pkt->is_v4)
		return FL_DROP_NOT_PUBLISHED;

	*moved = find_flow(pkt);
	if (*moved && leads_to(&(*moved)->dst, (*moved)->dport, &now))
		return FL_OK;
	if (*moved)
		end_flow(&pkt->flow); /* moved again */
	why = open_moved(pkt, &now);
	if (why)
		return why;
	*moved = find_flow(pkt);
	return *moved ? FL_OK : FL_DROP_NAT_EXHAUSTED;
}

#endif
