/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet that an ICMP error is about: as much of it as the error quotes. Nothing it says is believed before a flow
 * has been found by it.
 */
#ifndef FL_LIB_QUOTE_H
#define FL_LIB_QUOTE_H

#include "parse.h"

#define FL_ICMP_HLEN 8

/* What every quote has of an L4 header (RFC 792): ports or identifier, and all checksums but TCP's. */
#define FL_QUOTED_L4 8

struct quote {
	struct fl_flow
		flow; /* the quoted packet's, reversed: the direction in which the error travels */
	__u32 ip_off; /* of the quoted IP header, from the start of the frame */
	__u32 l4_off;
	__u32 end; /* of what is quoted */
};

/* Errors about a packet that was not delivered (RFC 792, RFC 4443 3): no redirect, no source quench (RFC 6633). */
static __always_inline int is_icmp_error(const struct packet *pkt)
{
	if (!is_icmp(pkt) || pkt->fragment)
		return 0;
	if (pkt->is_v4)
		return pkt->icmp_type == ICMP4_UNREACHABLE ||
		       pkt->icmp_type == ICMP4_TIME_EXCEEDED ||
		       pkt->icmp_type == ICMP4_PARAMETER_PROBLEM;
	return pkt->icmp_type >= ICMP6_UNREACHABLE && pkt->icmp_type <= ICMP6_PARAMETER_PROBLEM;
}

static __always_inline int read_quote_v4(struct __sk_buff *skb, struct quote *quote)
{
	struct iphdr ip;

	if (quote->ip_off + sizeof(ip) > quote->end ||
	    bpf_skb_load_bytes(skb, quote->ip_off, &ip, sizeof(ip)))
		return -1;
	if (ip.version != 4 || ip.ihl < 5 || (ip.frag_off & bpf_htons(FL_IP_OFFSET)))
		return -1;
	addr_set_v4(&quote->flow.src, ip.daddr);
	addr_set_v4(&quote->flow.dst, ip.saddr);
	quote->flow.proto = ip.protocol;
	quote->l4_off = quote->ip_off + ip.ihl * 4;
	return 0;
}

static __always_inline int read_quote_v6(struct __sk_buff *skb, struct quote *quote)
{
	struct v6_chain chain = {.off = quote->ip_off + sizeof(struct ipv6hdr)};
	struct ipv6hdr ip;

	if (quote->ip_off + sizeof(ip) > quote->end ||
	    bpf_skb_load_bytes(skb, quote->ip_off, &ip, sizeof(ip)))
		return -1;
	if (ip.version != 6)
		return -1;
	quote->flow.src = *(const struct fl_addr *)&ip.daddr;
	quote->flow.dst = *(const struct fl_addr *)&ip.saddr;
	chain.next = ip.nexthdr;
	if (is_ext_header(ip.nexthdr) && skip_ext_headers(skb, &chain))
		return -1;
	if (chain.fragment == FRAGMENT_LATER)
		return -1;
	quote->flow.proto = chain.next;
	quote->l4_off = chain.off;
	return 0;
}

/* Ports or identifier. Flows of other protocols have none. */
static __always_inline int read_quoted_l4(struct __sk_buff *skb, const struct packet *pkt,
					  struct quote *quote)
{
	__be16 half[FL_QUOTED_L4 / 2];
	__u8 type;

	if (quote->l4_off + FL_QUOTED_L4 > quote->end ||
	    bpf_skb_load_bytes(skb, quote->l4_off, half, sizeof(half)))
		return -1;
	switch (quote->flow.proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		quote->flow.sport = half[1];
		quote->flow.dport = half[0];
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		type = *(const __u8 *)half;
		if (quote->flow.proto != pkt->flow.proto)
			return -1;
		if (pkt->is_v4 ? type != ICMP4_ECHO_REQUEST && type != ICMP4_ECHO_REPLY
			       : type != ICMP6_ECHO_REQUEST && type != ICMP6_ECHO_REPLY)
			return -1; /* there are no errors about errors */
		quote->flow.sport = half[2];
		quote->flow.dport = half[2];
		return 0;
	default:
		return 0;
	}
}

/* Reads what the ICMP error pkt quotes. Fails with -1 if that cannot be a packet of a flow: cut short before the ports,
 * of another family, a later fragment, or not from the address that the error was sent to. quote must be zero before. */
static __noinline int read_quote(struct __sk_buff *skb, const struct packet *pkt,
				 struct quote *quote)
{
	quote->ip_off = pkt->l4_off + FL_ICMP_HLEN;
	quote->end = FL_L3_OFF + pkt->l3_len; /* what follows is padding */
	if (pkt->is_v4 ? read_quote_v4(skb, quote) : read_quote_v6(skb, quote))
		return -1;
	if (!addr_equal(&quote->flow.dst, &pkt->flow.dst))
		return -1;
	return read_quoted_l4(skb, pkt, quote);
}

#endif
