/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors about translated flows. The quoted packet, reversed, is the key of the entry in whose direction the error
 * travels; the error and the quote become what the entry says, so that the receiver finds its own packet in it.
 *
 * An error never makes a flow, nor keeps one alive: anybody on the way may send it.
 */
#ifndef FL_LIB_RELATED_H
#define FL_LIB_RELATED_H

#include "checksum.h"
#include "maps.h"
#include "quote.h"
#include "rewrite.h"
#include "translate_error.h"

/* From its TTL on, in the order of RFC 791. */
struct v4_tail {
	__u8 ttl;
	__u8 protocol;
	__sum16 check;
	__be32 saddr;
	__be32 daddr;
};

#define FL_V4_TAIL_OFF 8
#define FL_V6_ADDRS_OFF 8

/* The flow of an ICMP error, NULL if there is none. */
static __always_inline struct fl_nat *find_related(struct __sk_buff *skb, const struct packet *pkt,
						   struct quote *quote)
{
	struct fl_nat *nat;

	if (read_quote(skb, pkt, quote))
		return NULL;
	nat = bpf_map_lookup_elem(&fl_nat, &quote->flow);
	if (!nat || (nat->flags & FL_NAT_WAITS))
		return NULL;
	return nat;
}

/* RFC 1624 (3). */
static __always_inline __u16 csum_replace(__u16 check, __u32 diff)
{
	return ~csum_fold((__u64)(__u16)~check + diff);
}

/* Addresses of the quoted IP header, and IPv4's checksum. Adds the change to *sum. */
static __always_inline int edit_quoted_v4(struct __sk_buff *skb, const struct quote *quote,
					  const struct fl_nat *nat, __u32 diff, __u32 *sum)
{
	struct v4_tail before, after;

	if (bpf_skb_load_bytes(skb, quote->ip_off + FL_V4_TAIL_OFF, &before, sizeof(before)))
		return -1;
	after = before;
	after.check = csum_replace(before.check, diff);
	after.saddr = addr_word(&nat->dst, 3);
	after.daddr = addr_word(&nat->src, 3);
	*sum = bpf_csum_diff((__be32 *)&before, sizeof(before), (__be32 *)&after, sizeof(after),
			     *sum);
	return bpf_skb_store_bytes(skb, quote->ip_off + FL_V4_TAIL_OFF, &after, sizeof(after), 0);
}

static __always_inline int edit_quoted_v6(struct __sk_buff *skb, const struct quote *quote,
					  const struct fl_nat *nat, __u32 diff, __u32 *sum)
{
	struct fl_addr addrs[2] = {nat->dst, nat->src};

	*sum = csum_fold((__u64)*sum + diff);
	return bpf_skb_store_bytes(skb, quote->ip_off + FL_V6_ADDRS_OFF, addrs, sizeof(addrs), 0);
}

/* The checksum of the quoted L4 header, if the quote reaches that far. diff: of addresses, where they are summed up, and
 * ports. */
static __always_inline int edit_quoted_check(struct __sk_buff *skb, const struct quote *quote,
					     __u32 off, __u32 diff, __u32 *sum)
{
	__u32 before = 0, after; /* the field and two zeros */
	__be16 check;

	off += quote->l4_off;
	if (off + sizeof(check) > quote->end)
		return 0;
	if (bpf_skb_load_bytes(skb, off, &check, sizeof(check)))
		return -1;
	if (quote->flow.proto == IPPROTO_UDP && !check)
		return 0; /* not computed, and stays so */
	before = check;
	after = csum_replace(check, diff);
	if (quote->flow.proto == IPPROTO_UDP && !after)
		after = 0xffff;
	*sum = bpf_csum_diff(&before, sizeof(before), &after, sizeof(after), *sum);
	check = after;
	return bpf_skb_store_bytes(skb, off, &check, sizeof(check), 0);
}

static __always_inline int edit_quoted_echo(struct __sk_buff *skb, const struct packet *pkt,
					    const struct quote *quote, const struct fl_nat *nat,
					    __u32 diff, __u32 *sum)
{
	__u32 before = quote->flow.sport, after = nat->sport;
	__be16 id = nat->sport;

	*sum = bpf_csum_diff(&before, sizeof(before), &after, sizeof(after), *sum);
	/* ICMP for IPv4 has no pseudo header. */
	diff = bpf_csum_diff(&before, sizeof(before), &after, sizeof(after), pkt->is_v4 ? 0 : diff);
	if (bpf_skb_store_bytes(skb, quote->l4_off + FL_ICMP_ID_OFF, &id, sizeof(id), 0))
		return -1;
	return edit_quoted_check(skb, quote, FL_CSUM_OFF_ICMP, diff, sum);
}

static __always_inline int edit_quoted_ports(struct __sk_buff *skb, const struct quote *quote,
					     const struct fl_nat *nat, __u32 diff, __u32 *sum)
{
	__be16 before[2] = {quote->flow.dport, quote->flow.sport}; /* as they lie in the quote */
	__be16 after[2] = {nat->dport, nat->sport};

	*sum = bpf_csum_diff((__be32 *)before, sizeof(before), (__be32 *)after, sizeof(after),
			     *sum);
	diff = bpf_csum_diff((__be32 *)before, sizeof(before), (__be32 *)after, sizeof(after),
			     diff);
	if (bpf_skb_store_bytes(skb, quote->l4_off, after, sizeof(after), 0))
		return -1;
	if (quote->flow.proto == IPPROTO_SCTP)
		return 0; /* a CRC over what is not quoted */
	return edit_quoted_check(
		skb, quote, quote->flow.proto == IPPROTO_TCP ? FL_CSUM_OFF_TCP : FL_CSUM_OFF_UDP,
		diff, sum);
}

/* The quoted packet as its sender knows it. *sum: by how much the error's own checksum changes. */
static __noinline int edit_quote(struct __sk_buff *skb, const struct packet *pkt,
				 const struct quote *quote, const struct fl_nat *nat, __u32 *sum)
{
	__u32 diff;

	if (!nat || !sum)
		return -1; /* for the verifier: callers have checked */
	/* A sum does not ask for the order. */
	diff = bpf_csum_diff((__be32 *)&quote->flow.src, 2 * sizeof(struct fl_addr),
			     (__be32 *)&nat->src, 2 * sizeof(struct fl_addr), 0);
	*sum = 0;
	if (pkt->is_v4 ? edit_quoted_v4(skb, quote, nat, diff, sum)
		       : edit_quoted_v6(skb, quote, nat, diff, sum))
		return -1;
	switch (quote->flow.proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		return edit_quoted_ports(skb, quote, nat, diff, sum);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return edit_quoted_echo(skb, pkt, quote, nat, diff, sum);
	default:
		return 0;
	}
}

/* Addresses and TTL of the error itself, and its checksum by difference, so that a broken one stays broken. A router's
 * address stays; that of the flow's other end is what its packets have. */
static __noinline enum fl_reason rewrite_error(struct __sk_buff *skb, const struct packet *pkt,
					       const struct quote *quote, const struct fl_nat *nat,
					       __u32 sum)
{
	struct fl_addr addrs[2] = {pkt->flow.src};
	__u32 off = pkt->l4_off + FL_CSUM_OFF_ICMP;
	enum fl_reason why;
	__u32 diff;
	__u8 hops;

	if (!nat)
		return FL_DROP_REDIRECT; /* for the verifier: callers have checked */
	if (addr_equal(&pkt->flow.src, &quote->flow.src))
		addrs[0] = nat->src;
	addrs[1] = nat->dst;
	hops = nat->kind != FL_NAT_HAIRPIN && nat->kind != FL_NAT_MOVED;
	diff = bpf_csum_diff((__be32 *)&pkt->flow.src, sizeof(addrs), (__be32 *)addrs,
			     sizeof(addrs), 0);
	why = pkt->is_v4 ? rewrite_v4(skb, &addrs[0], &addrs[1], diff, hops)
			 : rewrite_v6(skb, &addrs[0], &addrs[1], hops);
	if (why)
		return why;
	if (!pkt->is_v4 && replace_pseudo(skb, pkt, off, diff, 0))
		return FL_DROP_REDIRECT;
	return bpf_l4_csum_replace(skb, off, 0, sum, 0) ? FL_DROP_REDIRECT : FL_OK;
}

/* An ICMP error becomes what find_related() found. Like every routed packet it must have passed the TTL check. */
static __always_inline enum fl_reason rewrite_related(struct __sk_buff *skb,
						      const struct packet *pkt,
						      const struct quote *quote,
						      const struct fl_nat *nat)
{
	__u32 sum = 0;

	if (changes_family(pkt, &nat->dst))
		return translate_error(skb, pkt, quote, nat, hops_of(nat));
	if (edit_quote(skb, pkt, quote, nat, &sum))
		return FL_DROP_REDIRECT;
	return rewrite_error(skb, pkt, quote, nat, sum);
}

#endif
