/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 header: addresses, TTL. */
#ifndef FL_LIB_REWRITE_V4_H
#define FL_LIB_REWRITE_V4_H

#include <linux/ip.h>

#include "checksum.h"

/* Writes both addresses and takes hops (0 or 1) off the TTL. diff: sum of the new addresses minus that of the old.
 * Direct writes are safe here: a correct header sums up to zero before and after. */
static __always_inline enum fl_reason rewrite_v4(struct __sk_buff *skb, const struct fl_addr *src,
						 const struct fl_addr *dst, __u32 diff, __u8 hops)
{
	void *data = pull(skb, FL_L3_OFF + sizeof(struct iphdr));
	struct iphdr *ip = data + FL_L3_OFF;
	__u64 sum;

	if (!data)
		return FL_DROP_REDIRECT;
	sum = (__u16)~ip->check + (__u64)diff;
	if (hops)
		sum += (__u16)~bpf_htons(0x0100);
	ip->saddr = addr_word(src, 3);
	ip->daddr = addr_word(dst, 3);
	ip->ttl -= hops;
	ip->check = ~csum_fold(sum);
	return FL_OK;
}

#endif
