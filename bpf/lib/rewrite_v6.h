/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv6 header: addresses, hop limit. */
#ifndef FL_LIB_REWRITE_V6_H
#define FL_LIB_REWRITE_V6_H

#include <linux/ipv6.h>

#include "checksum.h"

/* Writes both addresses and takes hops (0 or 1) off the hop limit. There is no header checksum, so where the NIC
 * summed up the whole packet, that sum must hear of the hop limit; of the addresses it hears with the L4
 * checksum that cancels them. */
static __always_inline enum fl_reason rewrite_v6(struct __sk_buff *skb, const struct fl_addr *src,
						 const struct fl_addr *dst, __u8 hops)
{
	void *data = pull(skb, FL_L3_OFF + sizeof(struct ipv6hdr));
	struct ipv6hdr *ip = data + FL_L3_OFF;

	if (!data)
		return FL_DROP_REDIRECT;
	*(struct fl_addr *)&ip->saddr = *src;
	*(struct fl_addr *)&ip->daddr = *dst;
	ip->hop_limit -= hops;
	if (hops)
		bpf_csum_update(
			skb,
			(__u16)~bpf_htons(0x0001)); /* refused where there is no such sum: fine */
	return FL_OK;
}

#endif
