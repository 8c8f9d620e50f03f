/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv6 header and extension headers (RFC 8200) to struct packet. */
#ifndef FL_LIB_PARSE_V6_H
#define FL_LIB_PARSE_V6_H

#include <linux/ipv6.h>

#include "packet.h"

/* Hop-by-hop, two destination options, routing, fragment, AH. A longer chain counts as cut short:
 * what hides behind it could be a router advertisement (RFC 7113). */
#define FL_IPV6_MAX_EXT_HEADERS 6

#define FL_FRAGMENT_OFFSET 0xfff8

/* Start of the fixed part of every extension header; the fragment header's is this long. */
struct v6_ext {
	__u8 next;
	__u8 len; /* in units of 8 bytes without the first 8; AH: of 4 without the first 8 */
	__be16 fragment;
	__be32 id;
};

static __always_inline int is_ext_header(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_DSTOPTS || next == IPPROTO_AH;
}

/* Where a chain of extension headers has got to. */
struct v6_chain {
	__u32 off; /* from the start of the frame */
	__be32 frag_id; /* valid if fragment is set */
	__u8 next; /* header at off */
	__u8 fragment; /* enum packet_fragment */
};

/* To the header behind the extension headers, or the payload of a later fragment. Fails with FL_DROP_TRUNCATED. */
static __noinline int skip_ext_headers(struct __sk_buff *skb, struct v6_chain *chain)
{
	__u32 off = chain->off;
	__u8 next = chain->next;
	struct v6_ext ext;
	int i;

	for (i = 0; i < FL_IPV6_MAX_EXT_HEADERS && is_ext_header(next); i++) {
		if (bpf_skb_load_bytes(skb, off, &ext, sizeof(ext)))
			return FL_DROP_TRUNCATED;
		if (next == IPPROTO_FRAGMENT) {
			chain->frag_id = ext.id;
			if (ext.fragment & bpf_htons(FL_FRAGMENT_OFFSET))
				chain->fragment = FRAGMENT_LATER;
			else if (ext.fragment) /* else an atomic fragment: whole, RFC 6946 */
				chain->fragment = FRAGMENT_FIRST;
			off += sizeof(ext);
		} else if (next == IPPROTO_AH) {
			off += ((__u32)ext.len + 2) * 4;
		} else {
			off += ((__u32)ext.len + 1) * 8;
		}
		next = ext.next;
		if (chain->fragment == FRAGMENT_LATER)
			break; /* what follows is payload */
	}
	if (chain->fragment != FRAGMENT_LATER && is_ext_header(next))
		return FL_DROP_TRUNCATED;
	if (off > skb->len)
		return FL_DROP_TRUNCATED;
	chain->next = next;
	chain->off = off;
	return FL_OK;
}

static __always_inline enum fl_reason parse_ext_headers(struct __sk_buff *skb, struct packet *pkt)
{
	struct v6_chain chain = {.off = pkt->l4_off, .next = pkt->flow.proto};

	if (skip_ext_headers(skb, &chain))
		return FL_DROP_TRUNCATED;
	pkt->frag_id = chain.frag_id;
	pkt->fragment = chain.fragment;
	pkt->flow.proto = chain.next;
	pkt->l4_off = chain.off;
	return FL_OK;
}

static __always_inline enum fl_reason parse_v6(struct __sk_buff *skb, struct packet *pkt)
{
	void *data = pull(skb, FL_L3_OFF + sizeof(struct ipv6hdr));
	const struct ipv6hdr *ip = data + FL_L3_OFF;
	__u32 len;

	if (!data || ip->version != 6)
		return FL_DROP_TRUNCATED;
	len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	/* BIG TCP aggregates say 0. */
	if (len > skb->len - FL_L3_OFF || len > 0xffff)
		return FL_DROP_TRUNCATED;

	pkt->l3_len = len;
	pkt->l4_off = FL_L3_OFF + sizeof(*ip);
	pkt->ttl = ip->hop_limit;
	pkt->flow.proto = ip->nexthdr;
	pkt->flow.src = *(const struct fl_addr *)&ip->saddr;
	pkt->flow.dst = *(const struct fl_addr *)&ip->daddr;
	/* A mapped address on the wire would pass for IPv4 in every map (RFC 4291 2.5.5.2). */
	if (addr_is_v4(&pkt->flow.src) || addr_is_v4(&pkt->flow.dst))
		return FL_DROP_MARTIAN;
	if (is_ext_header(pkt->flow.proto))
		return parse_ext_headers(skb, pkt);
	return FL_OK;
}

#endif
