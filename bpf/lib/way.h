/* SPDX-License-Identifier: GPL-2.0-only */
/* The way of a flow's packets, remembered in the flow's entry: asking the kernel's routes, or fl_endpoints, costs more than
 * all the rest.
 *
 * It holds until the daemon says that something has changed (fl_epoch), or the flow is refreshed: a second at most,
 * also with the daemon gone. Two CPUs may write at once, and rarely leave what is half of each; for as long.
 */
#ifndef FL_LIB_WAY_H
#define FL_LIB_WAY_H

#include "maps.h"
#include "packet.h"

/* To be read before the way is asked for. */
static __always_inline __u32 read_epoch(void)
{
	__u32 zero = 0;
	const __u32 *epoch = bpf_map_lookup_elem(&fl_epoch, &zero);

	return epoch ? *epoch : 0;
}

static __always_inline int knows_way(const struct fl_nat *nat)
{
	__u32 epoch = read_epoch();

	return epoch && nat->epoch == epoch;
}

static __always_inline void forget_way(struct fl_nat *nat)
{
	nat->epoch = 0;
}

/* Into the container. */
static __always_inline void remember_receiver(struct fl_nat *nat, __u32 epoch, const __u8 *mac,
					      __u32 flags)
{
	nat->receiver_flags = flags; /* for this packet, if for no other */
	if (!epoch)
		return;
	forget_way(nat);
	barrier();
	__builtin_memcpy(nat->dst_mac, mac, ETH_ALEN);
	barrier();
	nat->epoch = epoch;
}

/* Out of the host, by a next hop that is resolved. */
static __always_inline void remember_next_hop(struct fl_nat *nat, __u32 epoch,
					      const struct bpf_fib_lookup *fib)
{
	if (!epoch)
		return;
	forget_way(nat);
	barrier();
	nat->device = fib->ifindex;
	nat->mtu = fib->mtu_result;
	__builtin_memcpy(nat->dst_mac, fib->dmac, ETH_ALEN);
	__builtin_memcpy(nat->src_mac, fib->smac, ETH_ALEN);
	barrier();
	nat->epoch = epoch;
}

#endif
