/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors about flows between families (RFC 7915 4.2, 4.3, 5.2, 5.3): the error and the packet that it quotes become
 * what their receiver knows. Both get plain headers; of the quoted packet's own, length and TTL stay.
 */
#ifndef FL_LIB_TRANSLATE_ERROR_H
#define FL_LIB_TRANSLATE_ERROR_H

#include "map_error.h"
#include "quote.h"
#include "translate.h"

/* Bytes of the quoted packet behind its IP header, at the most. */
#define FL_TRANSLATED_QUOTE 512

/* Both IP headers and ICMP's. */
#define FL_ERROR_HEADERS_V4 (2 * sizeof(struct iphdr) + sizeof(struct icmp_header))
#define FL_ERROR_HEADERS_V6 (2 * sizeof(struct ipv6hdr) + sizeof(struct icmp_header))

/* Global, as translate(): what the verifier walks through once. */

/* Is the checksum of an ICMP error right? It is made anew, and that must not make good what was not. */
__noinline int has_right_icmp_sum(struct __sk_buff *skb, const struct packet *pkt)
{
	__u32 len, pseudo = 0;
	long sum;

	if (!pkt)
		return 0;
	len = pkt->l3_len + FL_L3_OFF - pkt->l4_off;
	sum = csum_packet(skb, pkt->l4_off, len);
	if (sum < 0)
		return 0;
	if (!pkt->is_v4)
		pseudo = csum_pseudo_v6((struct fl_addr *)&pkt->flow.src, len, IPPROTO_ICMPV6);
	return csum_fold((__u64)sum + pseudo) == 0xffff;
}

/* The checksum of an error that ends where the frame does; family as that of the entry's addresses. */
__noinline enum fl_reason write_icmp_sum(struct __sk_buff *skb, const struct fl_nat *nat)
{
	__u32 off, len, pseudo = 0;
	__be16 check;
	long sum;

	if (!nat)
		return FL_DROP_REDIRECT;
	off = FL_L3_OFF + (addr_is_v4(&nat->dst) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	len = skb->len - off;
	sum = csum_packet(skb, off, len);
	if (sum < 0)
		return FL_DROP_REDIRECT;
	if (!addr_is_v4(&nat->dst))
		pseudo = csum_pseudo_v6((struct fl_addr *)&nat->src, len, IPPROTO_ICMPV6);
	check = ~csum_fold((__u64)sum + pseudo);
	if (bpf_skb_store_bytes(skb, off + FL_CSUM_OFF_ICMP, &check, sizeof(check),
				BPF_F_RECOMPUTE_CSUM))
		return FL_DROP_REDIRECT;
	return FL_OK;
}

/* What a translated error has besides addresses. */
struct error_parts {
	struct icmp_header icmp;
	__u16 len; /* bytes behind the quoted IP header: of the packet that the error is about */
	__u8 ttl;
	__u8 quoted_ttl;
	__u16 quoted; /* of them in the error */
};

static __noinline int write_error_v4(struct __sk_buff *skb, const struct error_parts *parts,
				     const struct fl_nat *nat, __u8 proto)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tos = FL_ICMP_TOS,
		.tot_len = bpf_htons(FL_ERROR_HEADERS_V4 + parts->quoted),
		.ttl = parts->ttl,
		.protocol = IPPROTO_ICMP,
		.saddr = addr_word(&nat->src, 3),
		.daddr = addr_word(&nat->dst, 3),
	};

	ip.check = ~csum_fold(csum_words(&ip, sizeof(ip), 0));
	if (bpf_skb_store_bytes(skb, FL_L3_OFF, &ip, sizeof(ip), BPF_F_RECOMPUTE_CSUM))
		return -1;
	ip.tos = 0;
	ip.frag_off = bpf_htons(FL_IP_DF);
	ip.tot_len = bpf_htons(sizeof(ip) + parts->len);
	ip.ttl = parts->quoted_ttl;
	ip.protocol = proto;
	ip.saddr = addr_word(&nat->dst, 3);
	ip.daddr = addr_word(&nat->src, 3);
	ip.check = 0;
	ip.check = ~csum_fold(csum_words(&ip, sizeof(ip), 0));
	return bpf_skb_store_bytes(skb, FL_L3_OFF + sizeof(ip) + sizeof(parts->icmp), &ip,
				   sizeof(ip), BPF_F_RECOMPUTE_CSUM) ||
	       bpf_skb_store_bytes(skb, FL_L3_OFF + sizeof(ip), &parts->icmp, sizeof(parts->icmp),
				   BPF_F_RECOMPUTE_CSUM) ||
	       write_ethertype(skb, bpf_htons(ETH_P_IP));
}

static __noinline int write_error_v6(struct __sk_buff *skb, const struct error_parts *parts,
				     const struct fl_nat *nat, __u8 proto)
{
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = bpf_htons(FL_ERROR_HEADERS_V6 - sizeof(ip) + parts->quoted),
		.nexthdr = IPPROTO_ICMPV6,
		.hop_limit = parts->ttl,
	};

	*(struct fl_addr *)&ip.saddr = nat->src;
	*(struct fl_addr *)&ip.daddr = nat->dst;
	if (bpf_skb_store_bytes(skb, FL_L3_OFF, &ip, sizeof(ip), BPF_F_RECOMPUTE_CSUM))
		return -1;
	ip.payload_len = bpf_htons(parts->len);
	ip.nexthdr = proto;
	ip.hop_limit = parts->quoted_ttl;
	*(struct fl_addr *)&ip.saddr = nat->dst;
	*(struct fl_addr *)&ip.daddr = nat->src;
	return bpf_skb_store_bytes(skb, FL_L3_OFF + sizeof(ip) + sizeof(parts->icmp), &ip,
				   sizeof(ip), BPF_F_RECOMPUTE_CSUM) ||
	       bpf_skb_store_bytes(skb, FL_L3_OFF + sizeof(ip), &parts->icmp, sizeof(parts->icmp),
				   BPF_F_RECOMPUTE_CSUM) ||
	       write_ethertype(skb, bpf_htons(ETH_P_IPV6));
}

/* Ports and checksum of the quoted L4 header at `off`, as far as it is quoted. */
static __noinline int write_quoted_l4(struct __sk_buff *skb, const struct quote *quote,
				      const struct fl_nat *nat, __u32 off)
{
	__be16 ports[2] = {nat->dport, nat->sport};
	__u32 diff, check_off = off;
	__be16 check;

	if (bpf_skb_store_bytes(skb, off, ports, sizeof(ports), BPF_F_RECOMPUTE_CSUM))
		return -1;
	if (quote->flow.proto == IPPROTO_SCTP)
		return 0;
	check_off += quote->flow.proto == IPPROTO_TCP ? FL_CSUM_OFF_TCP : FL_CSUM_OFF_UDP;
	if (check_off + sizeof(check) > skb->len)
		return 0;
	if (bpf_skb_load_bytes(skb, check_off, &check, sizeof(check)))
		return -1;
	if (quote->flow.proto == IPPROTO_UDP && !check)
		return 0;
	/* A sum does not ask for the order. */
	diff = bpf_csum_diff((__be32 *)&quote->flow.src, 2 * sizeof(struct fl_addr),
			     (__be32 *)&nat->src, 2 * sizeof(struct fl_addr), 0);
	diff = bpf_csum_diff((__be32 *)&quote->flow.sport, sizeof(ports), (__be32 *)&nat->sport,
			     sizeof(ports), diff);
	check = ~csum_fold((__u64)(__u16)~check + diff);
	if (quote->flow.proto == IPPROTO_UDP && !check)
		check = 0xffff;
	return bpf_skb_store_bytes(skb, check_off, &check, sizeof(check), BPF_F_RECOMPUTE_CSUM);
}

/* The quoted packet's own length and TTL. */
static __always_inline int read_quoted_ip(struct __sk_buff *skb, const struct packet *pkt,
					  const struct quote *quote, struct error_parts *parts)
{
	__u32 total_off = pkt->is_v4 ? offsetof(struct iphdr, tot_len)
				     : offsetof(struct ipv6hdr, payload_len);
	__u32 ttl_off =
		pkt->is_v4 ? offsetof(struct iphdr, ttl) : offsetof(struct ipv6hdr, hop_limit);
	__be16 total;

	if (bpf_skb_load_bytes(skb, quote->ip_off + total_off, &total, sizeof(total)) ||
	    bpf_skb_load_bytes(skb, quote->ip_off + ttl_off, &parts->quoted_ttl, 1))
		return -1;
	parts->len = bpf_ntohs(total) + (pkt->is_v4 ? 0 : sizeof(struct ipv6hdr)) -
		     (quote->l4_off - quote->ip_off);
	return 0;
}

/* Cuts the quote short, and makes the room before it as long as the headers to come. */
static __always_inline int make_error_room(struct __sk_buff *skb, const struct packet *pkt,
					   const struct quote *quote, __u32 quoted)
{
	int room = quote->l4_off - FL_L3_OFF; /* after the change of family */

	if (bpf_skb_change_tail(skb, quote->l4_off + quoted, 0) ||
	    bpf_skb_change_proto(skb, pkt->is_v4 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP), 0))
		return -1;
	room = pkt->is_v4 ? (int)FL_ERROR_HEADERS_V6 - (room + FL_GROWTH_V6)
			  : (int)FL_ERROR_HEADERS_V4 - (room - FL_GROWTH_V6);
	return room && bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_NET, FL_TRANSLATE_ROOM);
}

/* All but the checksum of the error itself. */
__noinline enum fl_reason reshape_error(struct __sk_buff *skb, const struct packet *pkt,
					const struct quote *quote, const struct fl_nat *nat,
					__u8 hops)
{
	struct error_parts parts = {};
	int rc;

	if (!pkt || !quote || !nat)
		return FL_DROP_REDIRECT;
	if (bpf_skb_load_bytes(skb, pkt->l4_off, &parts.icmp, sizeof(parts.icmp)) ||
	    read_quoted_ip(skb, pkt, quote, &parts))
		return FL_DROP_REDIRECT;
	if (pkt->is_v4 ? map_error_to_v6(&parts.icmp) : map_error_to_v4(&parts.icmp))
		return FL_DROP_NAT_PROTOCOL;
	parts.icmp.check = 0;
	parts.ttl = pkt->ttl - hops;
	parts.quoted = quote->end - quote->l4_off;
	if (quote->end - quote->l4_off > FL_TRANSLATED_QUOTE)
		parts.quoted = FL_TRANSLATED_QUOTE;
	if (make_error_room(skb, pkt, quote, parts.quoted))
		return FL_DROP_REDIRECT;
	rc = pkt->is_v4 ? write_error_v6(skb, &parts, nat, quote->flow.proto)
			: write_error_v4(skb, &parts, nat, quote->flow.proto);
	if (rc ||
	    write_quoted_l4(skb, quote, nat,
			    FL_L3_OFF + (pkt->is_v4 ? FL_ERROR_HEADERS_V6 : FL_ERROR_HEADERS_V4)))
		return FL_DROP_REDIRECT;
	return FL_OK;
}

/* An ICMP error becomes one of the other family, from the address that the receiver knows the flow's other end by: a
 * router's has no counterpart there. hops: 0 or 1, off the TTL. FL_DROP_NAT_PROTOCOL: the family has no such error. */
static __always_inline enum fl_reason translate_error(struct __sk_buff *skb,
						      const struct packet *pkt,
						      const struct quote *quote,
						      const struct fl_nat *nat, __u8 hops)
{
	enum fl_reason why;

	if (!has_right_icmp_sum(skb, pkt))
		return FL_DROP_TRUNCATED;
	why = reshape_error(skb, pkt, quote, nat, hops);
	return why ?: write_icmp_sum(skb, nat);
}

#endif
