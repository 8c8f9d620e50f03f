/* SPDX-License-Identifier: GPL-2.0-only */
/* Translated flows: find, touch, make. A flow is two entries, one a direction.
 *
 * The entry of the answering direction is made first and must be new: it is what claims a port.
 */
#ifndef FL_LIB_NAT_H
#define FL_LIB_NAT_H

#include "config.h"
#include "fragment.h"
#include "maps.h"
#include "packet.h"

#define FL_NS_PER_S 1000000000ULL

#define FL_TCP_FIN 0x01
#define FL_TCP_SYN 0x02
#define FL_TCP_RST 0x04
#define FL_TCP_ACK 0x10

/* What the parts of a new flow are, besides the addresses and ports on its first packet. */
struct new_flow {
	struct fl_addr src; /* becomes */
	struct fl_addr dst;
	__be16 sport;
	__be16 dport;
	__u32 kind; /* enum fl_nat_kind */
	__u32 network;
	__u32 ifindex; /* where the first direction goes; 0: out by the host's routes */
	__u32 endpoint;
	__u32 reply_ifindex;
	__u32 reply_endpoint;
};

static __always_inline struct fl_nat *find_nat(const struct packet *pkt)
{
	return bpf_map_lookup_elem(&fl_nat, &pkt->flow);
}

/* The entry is shared between CPUs, so it is only written when something changes. */
static __always_inline void touch_nat(struct fl_nat *nat, const struct packet *pkt)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	__u8 flags = nat->flags | FL_NAT_SEEN;

	if (pkt->tcp_flags & FL_TCP_FIN)
		flags |= FL_NAT_FIN;
	if (pkt->tcp_flags & FL_TCP_RST)
		flags |= FL_NAT_RST;
	if ((pkt->tcp_flags & (FL_TCP_SYN | FL_TCP_ACK)) == FL_TCP_SYN)
		flags &= ~(FL_NAT_FIN | FL_NAT_RST); /* the client uses the port again */
	if (flags != nat->flags)
		nat->flags = flags;
	if (now - nat->last_seen > FL_NS_PER_S && now > nat->last_seen)
		nat->last_seen = now;
}

/* Flow of a packet whose ports are parsed; NULL: none yet, or a fragment of an unknown datagram. */
static __always_inline struct fl_nat *find_flow(struct packet *pkt)
{
	if (pkt->fragment == FRAGMENT_LATER && borrow_ports(pkt))
		return NULL;
	return find_nat(pkt);
}

/* Call before the rewrite, once it is certain that the packet may use the flow. */
static __always_inline void use_flow(struct fl_nat *nat, const struct packet *pkt)
{
	touch_nat(nat, pkt);
	if (pkt->fragment == FRAGMENT_FIRST)
		lend_ports(pkt);
}

static __always_inline void fill_reply(const struct packet *pkt, const struct new_flow *flow,
				       struct fl_flow *key, struct fl_nat *nat)
{
	key->src = flow->dst;
	key->dst = flow->src;
	key->sport = flow->dport;
	key->dport = flow->sport;
	key->proto = pkt->flow.proto;
	nat->src = pkt->flow.dst;
	nat->dst = pkt->flow.src;
	nat->sport = pkt->flow.dport;
	nat->dport = pkt->flow.sport;
	nat->kind = flow->kind;
	nat->flags = FL_NAT_REPLY;
	nat->network = flow->network;
	nat->ifindex = flow->reply_ifindex;
	nat->endpoint = flow->reply_endpoint;
	nat->last_seen = bpf_ktime_get_coarse_ns();
}

/* May the entry that is in the way be replaced? It is the same flow, whose other half the LRU took; or it has
 * ended; or it was quiet for a minute. */
static __always_inline int is_replaceable(const struct fl_flow *key, const struct fl_nat *wanted)
{
	const struct fl_nat *old = bpf_map_lookup_elem(&fl_nat, key);

	if (!old)
		return 1;
	if (addr_equal(&old->src, &wanted->src) && addr_equal(&old->dst, &wanted->dst) &&
	    old->sport == wanted->sport && old->dport == wanted->dport)
		return 1;
	return (old->flags & (FL_NAT_FIN | FL_NAT_RST)) ||
	       wanted->last_seen - old->last_seen > 60 * FL_NS_PER_S;
}

/* Puts the second entry, that of the direction of the packet, into the same buffer: the stack is small. */
static __always_inline enum fl_reason put_forward(const struct packet *pkt,
						  const struct new_flow *flow, struct fl_nat *nat)
{
	nat->src = flow->src;
	nat->dst = flow->dst;
	nat->sport = flow->sport;
	nat->dport = flow->dport;
	nat->flags = 0;
	nat->ifindex = flow->ifindex;
	nat->endpoint = flow->endpoint;
	if (bpf_map_update_elem(&fl_nat, &pkt->flow, nat, BPF_ANY))
		return FL_DROP_NAT_EXHAUSTED;
	return FL_OK;
}

/* Flow whose ports are given. */
static __noinline enum fl_reason make_flow(const struct packet *pkt, struct new_flow *flow)
{
	struct fl_flow key = {};
	struct fl_nat nat = {};

	fill_reply(pkt, flow, &key, &nat);
	if (bpf_map_update_elem(&fl_nat, &key, &nat, BPF_NOEXIST)) {
		if (!is_replaceable(&key, &nat))
			return FL_DROP_NAT_COLLISION;
		if (bpf_map_update_elem(&fl_nat, &key, &nat, BPF_ANY))
			return FL_DROP_NAT_EXHAUSTED;
	}
	return put_forward(pkt, flow, &nat);
}

#endif
