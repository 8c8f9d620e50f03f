/* SPDX-License-Identifier: GPL-2.0-only */
/* Which network an address belongs to. */
#ifndef FL_LIB_SUBNET_H
#define FL_LIB_SUBNET_H

#include "maps.h"

/* Network id, 0 if the address is in no network of ours. */
static __always_inline __u32 find_network(const struct fl_addr *addr)
{
	struct fl_subnet_key key = {.prefix = 128, .addr = *addr};
	const __u32 *id = bpf_map_lookup_elem(&fl_subnets, &key);

	return id ? *id : 0;
}

#endif
