/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 header (RFC 791) to struct packet. */
#ifndef FL_LIB_PARSE_V4_H
#define FL_LIB_PARSE_V4_H

#include <linux/ip.h>

#include "packet.h"

#define FL_IP_MORE_FRAGMENTS 0x2000
#define FL_IP_OFFSET 0x1fff

static __always_inline enum fl_reason parse_v4(struct __sk_buff *skb, struct packet *pkt)
{
	void *data = pull(skb, FL_L3_OFF + sizeof(struct iphdr));
	const struct iphdr *ip = data + FL_L3_OFF;
	__u16 fragment;

	if (!data || ip->version != 4 || ip->ihl < 5)
		return FL_DROP_TRUNCATED;
	pkt->l3_len = bpf_ntohs(ip->tot_len);
	pkt->l4_off = FL_L3_OFF + ip->ihl * 4;
	/* BIG TCP aggregates say 0. */
	if (pkt->l3_len ? pkt->l3_len > skb->len - FL_L3_OFF : !skb->gso_size)
		return FL_DROP_TRUNCATED;
	if (pkt->l4_off > skb->len || (pkt->l3_len && pkt->l3_len < ip->ihl * 4))
		return FL_DROP_TRUNCATED;

	pkt->is_v4 = 1;
	pkt->ttl = ip->ttl;
	pkt->flow.proto = ip->protocol;
	addr_set_v4(&pkt->flow.src, ip->saddr);
	addr_set_v4(&pkt->flow.dst, ip->daddr);
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & (FL_IP_MORE_FRAGMENTS | FL_IP_OFFSET)) {
		pkt->fragment = fragment & FL_IP_OFFSET ? FRAGMENT_LATER : FRAGMENT_FIRST;
		pkt->frag_id = ip->id;
	}
	return FL_OK;
}

#endif
