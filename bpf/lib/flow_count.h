/* SPDX-License-Identifier: GPL-2.0-only */
/* How many flows a container has: none may have so many that the others starve. */
#ifndef FL_LIB_FLOW_COUNT_H
#define FL_LIB_FLOW_COUNT_H

#include "config.h"
#include "maps.h"

static __always_inline int is_at_cap(__u32 ifindex)
{
	const struct fl_flow_count *count = bpf_map_lookup_elem(&fl_flow_counts, &ifindex);

	return count && count->flows >= fl_config.flows_per_container;
}

/* Never below 0, whatever collect has set it to meanwhile. */
static __always_inline void count_down(__u32 *number)
{
	__u32 now = *(volatile __u32 *)number;

	if (now)
		__sync_val_compare_and_swap(number, now, now - 1);
}

/* A flow was made. */
static __always_inline void count_flow(__u32 ifindex)
{
	struct fl_flow_count first = {.flows = 1, .half_open = 1};
	struct fl_flow_count *count;

	if (!bpf_map_update_elem(&fl_flow_counts, &ifindex, &first, BPF_NOEXIST))
		return;
	count = bpf_map_lookup_elem(&fl_flow_counts, &ifindex);
	if (!count)
		return;
	__sync_fetch_and_add(&count->flows, 1);
	__sync_fetch_and_add(&count->half_open, 1);
}

/* A flow was ended before its time. */
static __always_inline void uncount_flow(__u32 ifindex, int half_open)
{
	struct fl_flow_count *count = bpf_map_lookup_elem(&fl_flow_counts, &ifindex);

	if (!count)
		return;
	count_down(&count->flows);
	if (half_open)
		count_down(&count->half_open);
}

static __always_inline void count_opened(__u32 ifindex)
{
	struct fl_flow_count *count = bpf_map_lookup_elem(&fl_flow_counts, &ifindex);

	if (count)
		count_down(&count->half_open);
}

static __always_inline void count_reopened(__u32 ifindex)
{
	struct fl_flow_count *count = bpf_map_lookup_elem(&fl_flow_counts, &ifindex);

	if (count)
		__sync_fetch_and_add(&count->half_open, 1);
}

#endif
