/* SPDX-License-Identifier: GPL-2.0-only */
/* Out by the host's own routes, as a packet that came in by fl_host. */
#ifndef FL_LIB_ROUTE_H
#define FL_LIB_ROUTE_H

#include "deliver.h"
#include "translate.h"

/* Bytes of the IP packet as the wire will see it: of one segment, if it is an aggregate. */
static __always_inline __u16 wire_len(struct __sk_buff *skb, const struct packet *pkt)
{
	if (!skb->gso_size)
		return pkt->l3_len;
	return pkt->l4_off - FL_L3_OFF + pkt->l4_len + skb->gso_size;
}

static __always_inline void set_route_ends(struct bpf_fib_lookup *fib, const struct fl_addr *src,
					   const struct fl_addr *dst)
{
	if (addr_is_v4(dst)) {
		fib->family = FL_AF_INET;
		fib->ipv4_src = addr_word(src, 3);
		fib->ipv4_dst = addr_word(dst, 3);
	} else {
		fib->family = FL_AF_INET6;
		*(struct fl_addr *)fib->ipv6_src = *src;
		*(struct fl_addr *)fib->ipv6_dst = *dst;
	}
}

/* growth: bytes that the packet gains before it is sent. */
static __always_inline enum fl_reason ask_route(struct __sk_buff *skb, struct packet *pkt,
						struct bpf_fib_lookup *fib, int growth,
						int *resolved)
{
	long rc;

	if (pkt->ttl <= 1)
		return FL_DROP_TTL;
	fib->ifindex = fl_config.host_ifindex;
	fib->l4_protocol = pkt->flow.proto;
	fib->tot_len = wire_len(skb, pkt) + growth;
	rc = bpf_fib_lookup(skb, fib, sizeof(*fib), 0);
	*resolved = rc == BPF_FIB_LKUP_RET_SUCCESS;
	if (rc == BPF_FIB_LKUP_RET_SUCCESS || rc == BPF_FIB_LKUP_RET_NO_NEIGH)
		return FL_OK;
	if (rc != BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return FL_DROP_NO_ROUTE;
	pkt->mtu = fib->mtu_result - growth;
	return FL_DROP_TOO_BIG;
}

/* TTL, next hop, MTU. fib must be zero before; afterwards *resolved says whether it holds MACs.
 * The route is that of the addresses on the packet, before they are rewritten, as in the kernel. */
static __always_inline enum fl_reason find_route(struct __sk_buff *skb, struct packet *pkt,
						 struct bpf_fib_lookup *fib, int *resolved)
{
	fib->sport = pkt->flow.sport;
	fib->dport = pkt->flow.dport;
	set_route_ends(fib, &pkt->flow.src, &pkt->flow.dst);
	return ask_route(skb, pkt, fib, 0, resolved);
}

/* The same for a packet of a flow: if that makes another family of it, by its addresses and size as they will be. */
static __always_inline enum fl_reason find_flow_route(struct __sk_buff *skb, struct packet *pkt,
						      const struct fl_nat *nat,
						      struct bpf_fib_lookup *fib, int *resolved)
{
	if (!changes_family(pkt, &nat->dst))
		return find_route(skb, pkt, fib, resolved);
	fib->sport = nat->sport;
	fib->dport = nat->dport;
	set_route_ends(fib, &nat->src, &nat->dst);
	return ask_route(skb, pkt, fib, translated_growth(pkt), resolved);
}

static __always_inline enum fl_reason send_by_route(struct __sk_buff *skb,
						    const struct bpf_fib_lookup *fib, int resolved,
						    enum fl_reason done)
{
	struct bpf_redir_neigh next = {};

	if (resolved) {
		if (write_macs(skb, fib->dmac, fib->smac))
			return FL_DROP_REDIRECT;
		return send_to(fib->ifindex, done);
	}
	/* The kernel asks for the neighbour, and holds the packet until it answers. */
	next.nh_family = fib->family;
	if (fib->family == FL_AF_INET)
		next.ipv4_nh = fib->ipv4_dst;
	else
		*(struct fl_addr *)next.ipv6_nh = *(const struct fl_addr *)fib->ipv6_dst;
	return bpf_redirect_neigh(fib->ifindex, &next, sizeof(next), 0) == TC_ACT_REDIRECT
		       ? done
		       : FL_DROP_REDIRECT;
}

#endif
