/* SPDX-License-Identifier: GPL-2.0-only */
/* Out by the host's own routes, as a packet that came in by fl_host. */
#ifndef FL_LIB_ROUTE_H
#define FL_LIB_ROUTE_H

#include "deliver.h"

/* Bytes of the IP packet as the wire will see it: of one segment, if it is an aggregate. */
static __always_inline __u16 wire_len(struct __sk_buff *skb, const struct packet *pkt)
{
	if (!skb->gso_size)
		return pkt->l3_len;
	return pkt->l4_off - FL_L3_OFF + pkt->l4_len + skb->gso_size;
}

static __always_inline void ask_route(struct __sk_buff *skb, const struct packet *pkt,
				      struct bpf_fib_lookup *fib)
{
	fib->ifindex = fl_config.host_ifindex;
	fib->l4_protocol = pkt->flow.proto;
	fib->sport = pkt->flow.sport;
	fib->dport = pkt->flow.dport;
	fib->tot_len = wire_len(skb, pkt);
	if (pkt->is_v4) {
		fib->family = FL_AF_INET;
		fib->ipv4_src = addr_word(&pkt->flow.src, 3);
		fib->ipv4_dst = addr_word(&pkt->flow.dst, 3);
	} else {
		fib->family = FL_AF_INET6;
		*(struct fl_addr *)fib->ipv6_src = pkt->flow.src;
		*(struct fl_addr *)fib->ipv6_dst = pkt->flow.dst;
	}
}

/* TTL, next hop, MTU. fib must be zero before; afterwards *resolved says whether it holds MACs.
 * The route is that of the addresses on the packet, before they are rewritten, as in the kernel. */
static __always_inline enum fl_reason find_route(struct __sk_buff *skb, struct packet *pkt,
						 struct bpf_fib_lookup *fib, int *resolved)
{
	long rc;

	if (pkt->ttl <= 1)
		return FL_DROP_TTL;
	ask_route(skb, pkt, fib);
	rc = bpf_fib_lookup(skb, fib, sizeof(*fib), 0);
	*resolved = rc == BPF_FIB_LKUP_RET_SUCCESS;
	if (rc == BPF_FIB_LKUP_RET_SUCCESS || rc == BPF_FIB_LKUP_RET_NO_NEIGH)
		return FL_OK;
	if (rc != BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return FL_DROP_NO_ROUTE;
	pkt->mtu = fib->mtu_result;
	return FL_DROP_TOO_BIG;
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
