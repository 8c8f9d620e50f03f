/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors (RFC 1812 4.3.2, RFC 4443 2.4), made out of the packet that they are about.
 */
#ifndef FL_LIB_ICMP_ERROR_H
#define FL_LIB_ICMP_ERROR_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "checksum.h"
#include "deliver.h"
#include "icmp_budget.h"

/* Bytes of the packet that come back: 576 - 28, which every IPv4 host can take; enough for IPv6 too. */
#define FL_ICMP_QUOTE 548

#define FL_ICMP_TOS 0xc0 /* internetwork control, RFC 1812 4.3.2.5 */

struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 check;
	__be32 info; /* MTU of "too big", else 0 */
};

/* Is there an error that tells of this drop? */
static __always_inline int has_icmp_error(enum fl_reason why)
{
	return why == FL_DROP_NO_SUCH_ADDRESS || why == FL_DROP_NO_ROUTE || why == FL_DROP_TTL ||
	       why == FL_DROP_TOO_BIG || why == FL_DROP_HOST_TO_REMOTE || why == FL_DROP_NO_PEER ||
	       why == FL_DROP_NOT_PUBLISHED;
}

/* Type, code and MTU that tell of a drop. */
static __always_inline void fill_icmp_header(const struct packet *pkt, enum fl_reason why,
					     struct icmp_header *icmp)
{
	switch (why) {
	case FL_DROP_NO_SUCH_ADDRESS: /* host unreachable; address unreachable */
	case FL_DROP_HOST_TO_REMOTE:
	case FL_DROP_NO_PEER:
		icmp->type = pkt->is_v4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE;
		icmp->code = pkt->is_v4 ? 1 : 3;
		return;
	case FL_DROP_NOT_PUBLISHED: /* port unreachable */
		icmp->type = pkt->is_v4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE;
		icmp->code = pkt->is_v4 ? 3 : 4;
		return;
	case FL_DROP_NO_ROUTE: /* net unreachable; no route */
		icmp->type = pkt->is_v4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE;
		return;
	case FL_DROP_TTL:
		icmp->type = pkt->is_v4 ? ICMP4_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED;
		return;
	case FL_DROP_TOO_BIG: /* fragmentation needed; packet too big */
		icmp->type = pkt->is_v4 ? ICMP4_UNREACHABLE : ICMP6_TOO_BIG;
		icmp->code = pkt->is_v4 ? 4 : 0;
		icmp->info = bpf_htonl(pkt->mtu);
		return;
	default:
		return;
	}
}

/* RFC 1122 3.2.2, RFC 4443 2.4 (e): no error about an error, a later fragment, or what many received. */
static __always_inline int may_be_told(const struct packet *pkt)
{
	if (pkt->fragment == FRAGMENT_LATER || addr_is_multicast(&pkt->flow.dst) ||
	    addr_is_broadcast(&pkt->flow.dst) || addr_is_none(&pkt->flow.src))
		return 0;
	if (!is_icmp(pkt))
		return 1;
	/* What is no error and worth an answer is only echo. */
	return is_echo_request(pkt) || is_echo_reply(pkt);
}

static __always_inline int write_icmp4(struct __sk_buff *skb, const struct packet *pkt,
				       const struct fl_addr *from, __u32 len)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tos = FL_ICMP_TOS,
		.tot_len = bpf_htons(sizeof(ip) + len),
		.ttl = FL_TTL,
		.protocol = IPPROTO_ICMP,
		.saddr = addr_word(from, 3),
		.daddr = addr_word(&pkt->flow.src, 3),
	};

	ip.check = ~csum_fold(csum_words(&ip, sizeof(ip), 0));
	return bpf_skb_store_bytes(skb, FL_L3_OFF, &ip, sizeof(ip), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline int write_icmp6(struct __sk_buff *skb, const struct packet *pkt,
				       const struct fl_addr *from, __u32 len, __u32 *sum)
{
	struct fl_addr addrs[2] = {*from, pkt->flow.src};
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = bpf_htons(len),
		.nexthdr = IPPROTO_ICMPV6,
		.hop_limit = FL_TTL,
	};

	*sum = csum_pseudo_v6(addrs, len, IPPROTO_ICMPV6);
	*(struct fl_addr *)&ip.saddr = addrs[0];
	*(struct fl_addr *)&ip.daddr = addrs[1];
	return bpf_skb_store_bytes(skb, FL_L3_OFF, &ip, sizeof(ip), BPF_F_RECOMPUTE_CSUM);
}

/* Turns the packet into the error about it, from an address to the packet's source. MACs are the caller's.
 * Fails with -1, also when there have been too many errors; the packet is then fit for nothing but a drop. The NIC's sum
 * over the whole packet hears of what is written. */
static __noinline int make_icmp_error(struct __sk_buff *skb, const struct packet *pkt,
				      enum fl_reason why, const struct fl_addr *from)
{
	__u32 ip_len = pkt->is_v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	__u32 quote = skb->len - FL_L3_OFF;
	struct icmp_header icmp = {};
	__u32 pseudo = 0;
	long sum;
	int rc;

	if (!may_make_icmp_error())
		return -1;
	if (pkt->l3_len && quote > pkt->l3_len)
		quote = pkt->l3_len; /* without Ethernet's padding */
	if (quote > FL_ICMP_QUOTE)
		quote = FL_ICMP_QUOTE;
	fill_icmp_header(pkt, why, &icmp);
	if (bpf_skb_change_tail(skb, FL_L3_OFF + quote, 0) ||
	    bpf_skb_adjust_room(skb, ip_len + sizeof(icmp), BPF_ADJ_ROOM_MAC, 0))
		return -1;
	rc = pkt->is_v4 ? write_icmp4(skb, pkt, from, sizeof(icmp) + quote)
			: write_icmp6(skb, pkt, from, sizeof(icmp) + quote, &pseudo);
	if (rc)
		return -1;
	sum = csum_packet(skb, FL_L3_OFF + ip_len + sizeof(icmp), quote);
	if (sum < 0)
		return -1;
	icmp.check = ~csum_fold((__u64)sum + csum_words(&icmp, sizeof(icmp), pseudo));
	return bpf_skb_store_bytes(skb, FL_L3_OFF + ip_len, &icmp, sizeof(icmp),
				   BPF_F_RECOMPUTE_CSUM);
}

#endif
