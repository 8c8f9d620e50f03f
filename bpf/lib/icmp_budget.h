/* SPDX-License-Identifier: GPL-2.0-only */
/* How many ICMP errors we make (RFC 1812 4.3.2.8, RFC 4443 2.4 (f)): a bucket of tokens on each CPU. */
#ifndef FL_LIB_ICMP_BUDGET_H
#define FL_LIB_ICMP_BUDGET_H

#include "maps.h"

/* One token a millisecond, and as many as this in a full bucket. */
#define FL_ICMP_TOKEN_NS 1000000ULL
#define FL_ICMP_BURST 200

/* Takes a token; 0: there is none, and the packet is dropped in silence. The bucket is one number, the time by
 * which all tokens that were taken will have been refilled less a full bucket. */
static __always_inline int may_make_icmp_error(void)
{
	__u64 now = bpf_ktime_get_coarse_ns(), full = FL_ICMP_BURST * FL_ICMP_TOKEN_NS;
	__u32 zero = 0;
	__u64 *spent, next;

	spent = bpf_map_lookup_elem(&fl_icmp_budget, &zero);
	if (!spent)
		return 0;
	next = *spent;
	if (now > full && next < now - full)
		next = now - full;
	next += FL_ICMP_TOKEN_NS;
	if (next > now)
		return 0;
	*spent = next; /* per CPU, and softirqs do not nest */
	return 1;
}

#endif
