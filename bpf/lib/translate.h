/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet of one family becomes one of the other (RFC 7915): between a client and a container that have no family in
 * common, by a published port.
 *
 * Headers are written whole, and all of the packet's sums hear of it at once. IPv4 options and IPv6 extension headers
 * are left out (RFC 7915 4.1, 5.1), but for the fragment header, which becomes IPv4's fields, and back.
 */
#ifndef FL_LIB_TRANSLATE_H
#define FL_LIB_TRANSLATE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "checksum.h"
#include "parse.h"

#define FL_IP_DF 0x4000

/* What NIC and segmentation know of the packet stays true. */
#define FL_TRANSLATE_ROOM (BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET)

static __always_inline int changes_family(const struct packet *pkt, const struct fl_addr *dst)
{
	return addr_is_v4(dst) != pkt->is_v4;
}

/* Bytes that a packet gains by becoming IPv6, negative by becoming IPv4. */
static __always_inline int translated_growth(const struct packet *pkt)
{
	int before = pkt->l4_off - FL_L3_OFF;

	if (!pkt->is_v4)
		return (int)sizeof(struct iphdr) - before;
	return (int)sizeof(struct ipv6hdr) - before +
	       (pkt->fragment ? (int)sizeof(struct v6_ext) : 0);
}

/* The fragment header of a packet with extension headers, zero if there is none. Headers that forbid what we do: a
 * signature, and a route that has not come to its end. */
static __noinline enum fl_reason read_v6_fragment(struct __sk_buff *skb, struct v6_ext *fragment)
{
	__u32 off = FL_L3_OFF + sizeof(struct ipv6hdr);
	struct v6_ext ext;
	__u8 next;
	int i;

	if (!fragment || bpf_skb_load_bytes(skb, FL_L3_OFF + 6, &next, sizeof(next)))
		return FL_DROP_REDIRECT;
	for (i = 0; i < FL_IPV6_MAX_EXT_HEADERS && is_ext_header(next); i++) {
		if (bpf_skb_load_bytes(skb, off, &ext, sizeof(ext)))
			return FL_DROP_REDIRECT;
		if (next == IPPROTO_FRAGMENT) {
			*fragment = ext;
			if (ext.fragment & bpf_htons(FL_FRAGMENT_OFFSET))
				return FL_OK;
			if (ext.fragment && is_ext_header(ext.next))
				return FL_DROP_FRAGMENT; /* offsets would count it */
			off += sizeof(ext);
		} else if (next == IPPROTO_AH ||
			   (next == IPPROTO_ROUTING && (ext.fragment & bpf_htons(0x00ff)))) {
			return FL_DROP_NAT_PROTOCOL;
		} else {
			off += ((__u32)ext.len + 1) * 8;
		}
		next = ext.next;
	}
	return FL_OK;
}

static __always_inline int write_ethertype(struct __sk_buff *skb, __be16 type)
{
	return bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto), &type, sizeof(type), 0);
}

static __noinline enum fl_reason write_v4(struct __sk_buff *skb, const struct packet *pkt,
					  const struct fl_nat *nat, __u8 hops)
{
	__u32 left_out = pkt->l4_off - FL_L3_OFF - sizeof(struct ipv6hdr);
	struct iphdr ip = {.version = 4, .ihl = sizeof(ip) / 4, .frag_off = bpf_htons(FL_IP_DF)};
	struct v6_ext fragment = {};
	enum fl_reason why;
	__be32 word;

	if (!nat || bpf_skb_load_bytes(skb, FL_L3_OFF, &word, sizeof(word)))
		return FL_DROP_REDIRECT;
	if (left_out) {
		why = read_v6_fragment(skb, &fragment);
		if (why)
			return why;
		if (bpf_skb_adjust_room(skb, -(__s32)left_out, BPF_ADJ_ROOM_NET, FL_TRANSLATE_ROOM))
			return FL_DROP_REDIRECT;
	}
	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0))
		return FL_DROP_REDIRECT;
	ip.tos = bpf_ntohl(word) >> 20;
	ip.tot_len = bpf_htons(pkt->l3_len + translated_growth(pkt));
	if (pkt->fragment || fragment.next) {
		__u16 offset = bpf_ntohs(fragment.fragment);

		ip.id = bpf_htons(bpf_ntohl(fragment.id));
		ip.frag_off = bpf_htons(offset >> 3 | (offset & 1 ? FL_IP_MORE_FRAGMENTS : 0));
	}
	ip.ttl = pkt->ttl - hops;
	ip.protocol = pkt->flow.proto;
	ip.saddr = addr_word(&nat->src, 3);
	ip.daddr = addr_word(&nat->dst, 3);
	ip.check = ~csum_fold(csum_words(&ip, sizeof(ip), 0));
	if (bpf_skb_store_bytes(skb, FL_L3_OFF, &ip, sizeof(ip), BPF_F_RECOMPUTE_CSUM))
		return FL_DROP_REDIRECT;
	return write_ethertype(skb, bpf_htons(ETH_P_IP)) ? FL_DROP_REDIRECT : FL_OK;
}

static __noinline enum fl_reason write_v6(struct __sk_buff *skb, const struct packet *pkt,
					  const struct fl_nat *nat, __u8 hops)
{
	struct {
		struct ipv6hdr ip;
		struct v6_ext fragment;
	} to = {.ip = {.version = 6, .nexthdr = pkt->flow.proto}};
	__u32 left_out = pkt->l4_off - FL_L3_OFF - sizeof(struct iphdr);
	__u32 len = pkt->l3_len + translated_growth(pkt) - sizeof(to.ip);
	struct iphdr from;
	__u8 *bytes = (void *)&to;
	__u16 offset;

	if (!nat || !pkt->l3_len || len > 0xffff ||
	    bpf_skb_load_bytes(skb, FL_L3_OFF, &from, sizeof(from)))
		return FL_DROP_REDIRECT;
	if (left_out &&
	    bpf_skb_adjust_room(skb, -(__s32)left_out, BPF_ADJ_ROOM_NET, FL_TRANSLATE_ROOM))
		return FL_DROP_REDIRECT;
	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0))
		return FL_DROP_REDIRECT;
	bytes[0] |= from.tos >> 4;
	bytes[1] = from.tos << 4;
	to.ip.payload_len = bpf_htons(len);
	to.ip.hop_limit = pkt->ttl - hops;
	*(struct fl_addr *)&to.ip.saddr = nat->src;
	*(struct fl_addr *)&to.ip.daddr = nat->dst;
	if (!pkt->fragment) {
		if (bpf_skb_store_bytes(skb, FL_L3_OFF, &to, sizeof(to.ip), BPF_F_RECOMPUTE_CSUM))
			return FL_DROP_REDIRECT;
		return write_ethertype(skb, bpf_htons(ETH_P_IPV6)) ? FL_DROP_REDIRECT : FL_OK;
	}
	offset = bpf_ntohs(from.frag_off);
	to.ip.nexthdr = IPPROTO_FRAGMENT;
	to.fragment.next = pkt->flow.proto;
	to.fragment.fragment = bpf_htons(offset << 3 | (offset & FL_IP_MORE_FRAGMENTS ? 1 : 0));
	to.fragment.id = bpf_htonl(bpf_ntohs(from.id));
	if (bpf_skb_adjust_room(skb, sizeof(to.fragment), BPF_ADJ_ROOM_NET, FL_TRANSLATE_ROOM) ||
	    bpf_skb_store_bytes(skb, FL_L3_OFF, &to, sizeof(to), BPF_F_RECOMPUTE_CSUM))
		return FL_DROP_REDIRECT;
	return write_ethertype(skb, bpf_htons(ETH_P_IPV6)) ? FL_DROP_REDIRECT : FL_OK;
}

/* Ports, and what they and the addresses change in the checksum. Of the pseudo headers, length and protocol are the same
 * in both families, and what IPv4's mapped form adds is zero in this arithmetic. */
static __always_inline enum fl_reason translate_ports(struct __sk_buff *skb,
						      const struct packet *pkt,
						      const struct fl_nat *nat, __u32 l4_off)
{
	__u32 off = l4_off + (pkt->flow.proto == IPPROTO_TCP ? FL_CSUM_OFF_TCP : FL_CSUM_OFF_UDP);
	__u64 flags = pkt->flow.proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 before, after; /* both ports, as they lie in the packet */
	__u32 diff;

	diff = bpf_csum_diff((__be32 *)&pkt->flow.src, 2 * sizeof(struct fl_addr),
			     (__be32 *)&nat->src, 2 * sizeof(struct fl_addr), 0);
	__builtin_memcpy(&before, &pkt->flow.sport, sizeof(before));
	__builtin_memcpy(&after, &nat->sport, sizeof(after));
	/* The header's bytes are counted already: the sum over the packet has to hear of this field alone. */
	if (bpf_l4_csum_replace(skb, off, 0, diff, flags | BPF_F_PSEUDO_HDR) ||
	    bpf_l4_csum_replace(skb, off, before, after, flags | sizeof(after)) ||
	    bpf_skb_store_bytes(skb, l4_off, &after, sizeof(after), 0))
		return FL_DROP_REDIRECT;
	return FL_OK;
}

/* A datagram without a checksum, which IPv6 does not have: gets one. */
static __noinline enum fl_reason add_udp_checksum(struct __sk_buff *skb, const struct fl_nat *nat,
						  __u32 l4_off, struct udphdr *udp)
{
	__u32 len;
	long sum;

	if (!nat || !udp)
		return FL_DROP_REDIRECT;
	len = bpf_ntohs(udp->len);
	if (len < sizeof(*udp) || l4_off + len > skb->len)
		return FL_DROP_TRUNCATED;
	udp->source = nat->sport;
	udp->dest = nat->dport;
	if (bpf_skb_store_bytes(skb, l4_off, udp, sizeof(*udp), BPF_F_RECOMPUTE_CSUM))
		return FL_DROP_REDIRECT;
	sum = csum_packet(skb, l4_off, len);
	if (sum < 0)
		return FL_DROP_REDIRECT;
	sum = csum_fold((__u64)sum + csum_pseudo_v6((struct fl_addr *)&nat->src, len, IPPROTO_UDP));
	udp->check = (__u16)~sum ?: 0xffff;
	if (bpf_skb_store_bytes(skb, l4_off, udp, sizeof(*udp), BPF_F_RECOMPUTE_CSUM))
		return FL_DROP_REDIRECT;
	return FL_OK;
}

/* Whole packets, aggregates and fragments; of ICMP nothing. hops: 0 or 1, off the TTL. pkt keeps what was on the wire
 * before. Not static: so the verifier walks through it once, and not once for each state of each caller. */
__noinline enum fl_reason translate(struct __sk_buff *skb, const struct packet *pkt,
				    const struct fl_nat *nat, __u8 hops)
{
	struct udphdr udp = {.check = 1};
	enum fl_reason why;
	__u32 l4_off;

	if (!pkt || !nat)
		return FL_DROP_REDIRECT;
	if (pkt->flow.proto == IPPROTO_UDP && pkt->fragment != FRAGMENT_LATER &&
	    bpf_skb_load_bytes(skb, pkt->l4_off, &udp, sizeof(udp)))
		return FL_DROP_REDIRECT;
	if (!udp.check && !pkt->is_v4)
		return FL_DROP_NAT_PROTOCOL; /* no receiver takes it, RFC 8200 8.1 */
	if (!udp.check && pkt->fragment)
		return FL_DROP_FRAGMENT; /* the sum is over all of them, RFC 7915 4.5 */

	l4_off = pkt->l4_off + translated_growth(pkt);
	why = pkt->is_v4 ? write_v6(skb, pkt, nat, hops) : write_v4(skb, pkt, nat, hops);
	if (why || pkt->fragment == FRAGMENT_LATER || pkt->flow.proto == IPPROTO_SCTP)
		return why;
	return udp.check ? translate_ports(skb, pkt, nat, l4_off)
			 : add_udp_checksum(skb, nat, l4_off, &udp);
}

#endif
