/* SPDX-License-Identifier: GPL-2.0-only */
/* Ping of a gateway address, answered in place (RFC 792, RFC 4443 4.2). */
#ifndef FL_LIB_ECHO_H
#define FL_LIB_ECHO_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "checksum.h"
#include "deliver.h"
#include "rewrite.h"

/* Swapping the addresses keeps every sum. */
static __always_inline int turn_v4(struct __sk_buff *skb)
{
	void *data = pull(skb, FL_L3_OFF + sizeof(struct iphdr));
	struct iphdr *ip = data + FL_L3_OFF;
	__be32 saddr;

	if (!data)
		return -1;
	saddr = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = saddr;
	ip->check = ~csum_fold((__u64)(__u16)~ip->check + (__u16)~bpf_htons(ip->ttl << 8) +
			       bpf_htons(FL_TTL << 8));
	ip->ttl = FL_TTL;
	return 0;
}

static __always_inline int turn_v6(struct __sk_buff *skb)
{
	void *data = pull(skb, FL_L3_OFF + sizeof(struct ipv6hdr));
	struct ipv6hdr *ip = data + FL_L3_OFF;
	struct in6_addr saddr;

	if (!data)
		return -1;
	saddr = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = saddr;
	ip->hop_limit = FL_TTL;
	return 0;
}

static __noinline enum fl_reason answer_echo(struct __sk_buff *skb, const struct packet *pkt)
{
	__u8 reply = pkt->is_v4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;

	if (pkt->is_v4 ? turn_v4(skb) : turn_v6(skb))
		return FL_DROP_REDIRECT;
	/* The type is the upper half of the first 16 bits. */
	if (bpf_l4_csum_replace(skb, pkt->l4_off + FL_CSUM_OFF_ICMP, bpf_htons(pkt->icmp_type << 8),
				bpf_htons(reply << 8), sizeof(__u16)) ||
	    bpf_skb_store_bytes(skb, pkt->l4_off, &reply, sizeof(reply), 0))
		return FL_DROP_REDIRECT;
	return send_back(skb, pkt, FL_FORWARD_ECHO);
}

#endif
