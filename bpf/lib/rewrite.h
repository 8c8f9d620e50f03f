/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet becomes what its flow says: addresses, ports, TTL, checksums. */
#ifndef FL_LIB_REWRITE_H
#define FL_LIB_REWRITE_H

#include "config.h"
#include "rewrite_direct.h"
#include "rewrite_v4.h"
#include "rewrite_v6.h"
#include "translate.h"

/* BPF_F_IPV6 of bpf_l4_csum_replace(): addresses are not in a header checksum. Newer than the headers that
 * we build with; see fl_config.csum_ipv6. */
#define FL_F_IPV6 (1ULL << 7)

#define FL_ICMP_ID_OFF 4

/* The addresses in the L4 checksum. Never by direct write: of a packet that a container made, the field holds
 * only the pseudo header's sum, and the helper knows. */
static __always_inline long replace_pseudo(struct __sk_buff *skb, const struct packet *pkt,
					   __u32 off, __u32 diff, __u64 flags)
{
	long rc;

	flags |= BPF_F_PSEUDO_HDR;
	if (!pkt->is_v4 && fl_config.csum_ipv6)
		flags |= FL_F_IPV6;
	rc = bpf_l4_csum_replace(skb, off, 0, diff, flags);
	/* Without the flag, the helper takes the change off the NIC's sum as if a header checksum had
	 * cancelled it. */
	if (!pkt->is_v4 && !fl_config.csum_ipv6)
		bpf_csum_update(skb, diff);
	return rc;
}

/* The checksum's helper has made what is before the checksum linear and writable. */
static __always_inline int write_ports(struct __sk_buff *skb, const struct packet *pkt, __u32 ports)
{
	void *l4 = frame_start(skb) + l4_offset(pkt);

	if (l4 + sizeof(ports) > frame_end(skb))
		return -1;
	*(__u32 *)l4 = ports;
	return 0;
}

static __always_inline enum fl_reason rewrite_ports(struct __sk_buff *skb, const struct packet *pkt,
						    const struct fl_nat *nat, __u32 diff)
{
	__u32 off = pkt->flow.proto == IPPROTO_TCP ? FL_CSUM_OFF_TCP : FL_CSUM_OFF_UDP;
	__u64 flags = pkt->flow.proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	__u32 before, after; /* both ports, as they lie in the packet */

	if (rewrite_direct(skb, pkt, nat, diff))
		return FL_OK;
	__builtin_memcpy(&before, &pkt->flow.sport, sizeof(before));
	__builtin_memcpy(&after, &nat->sport, sizeof(after));
	if (replace_pseudo(skb, pkt, pkt->l4_off + off, diff, flags))
		return FL_DROP_REDIRECT;
	if (before == after)
		return FL_OK;
	if (bpf_l4_csum_replace(skb, pkt->l4_off + off, before, after, flags | sizeof(after)) ||
	    write_ports(skb, pkt, after))
		return FL_DROP_REDIRECT;
	return FL_OK;
}

static __always_inline enum fl_reason rewrite_echo(struct __sk_buff *skb, const struct packet *pkt,
						   const struct fl_nat *nat, __u32 diff)
{
	__u32 off = pkt->l4_off + FL_CSUM_OFF_ICMP;
	__be16 id = nat->sport;

	/* ICMP for IPv4 has no pseudo header. */
	if (!pkt->is_v4 && replace_pseudo(skb, pkt, off, diff, 0))
		return FL_DROP_REDIRECT;
	if (id == pkt->flow.sport)
		return FL_OK;
	if (bpf_l4_csum_replace(skb, off, pkt->flow.sport, id, sizeof(id)) ||
	    bpf_skb_store_bytes(skb, pkt->l4_off + FL_ICMP_ID_OFF, &id, sizeof(id), 0))
		return FL_DROP_REDIRECT;
	return FL_OK;
}

/* SCTP's checksum covers the ports and is a CRC that no helper can update; it leaves out the addresses. */
static __always_inline enum fl_reason check_rewritable(const struct packet *pkt,
						       const struct fl_nat *nat)
{
	if (pkt->flow.proto == IPPROTO_SCTP &&
	    (pkt->flow.sport != nat->sport || pkt->flow.dport != nat->dport))
		return FL_DROP_NAT_PROTOCOL;
	return FL_OK;
}

/* A hairpin never leaves the host, what has moved began there; of what waits for the host's forward rules, the host's stack takes the hop. */
static __always_inline __u8 hops_of(const struct fl_nat *nat)
{
	if (fl_config.host_rules && (nat->flags & (FL_NAT_WAITS | FL_NAT_REPLY)) == FL_NAT_WAITS)
		return 0;
	return nat->kind != FL_NAT_HAIRPIN && nat->kind != FL_NAT_MOVED;
}

static __noinline enum fl_reason
rewrite_same_family(struct __sk_buff *skb, const struct packet *pkt, const struct fl_nat *nat)
{
	enum fl_reason why;
	__u32 diff;
	__u8 hops;

	if (!nat)
		return FL_DROP_REDIRECT; /* for the verifier: callers have checked */
	hops = hops_of(nat);
	why = check_rewritable(pkt, nat);
	if (why)
		return why;
	diff = pkt->is_v4 ? csum_addrs_v4(&pkt->flow.src, &nat->src)
			  : csum_addrs_v6(&pkt->flow.src, &nat->src);
	why = pkt->is_v4 ? rewrite_v4(skb, &nat->src, &nat->dst, diff, hops)
			 : rewrite_v6(skb, &nat->src, &nat->dst, hops);
	if (why || nat->kind == FL_NAT_ROUTED)
		return why;
	if (pkt->fragment == FRAGMENT_LATER || pkt->flow.proto == IPPROTO_SCTP) {
		if (!pkt->is_v4)
			bpf_csum_update(skb, diff);
		return FL_OK;
	}
	return is_icmp(pkt) ? rewrite_echo(skb, pkt, nat, diff)
			    : rewrite_ports(skb, pkt, nat, diff);
}

/* Routed packets lose a hop and must have passed the TTL check. pkt keeps what was on the wire before. */
static __always_inline enum fl_reason rewrite(struct __sk_buff *skb, const struct packet *pkt,
					      const struct fl_nat *nat)
{
	if (changes_family(pkt, &nat->dst))
		return check_rewritable(pkt, nat) ?: translate(skb, pkt, nat, hops_of(nat));
	return rewrite_same_family(skb, pkt, nat);
}

#endif
