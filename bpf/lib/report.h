/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters and verdicts: the only code that turns a reason into what the kernel does. */
#ifndef FL_LIB_REPORT_H
#define FL_LIB_REPORT_H

#include <linux/pkt_cls.h>

#include "maps.h"
#include "packet.h"

static __always_inline int is_drop(enum fl_reason why)
{
	return why >= FL_DROP_TRUNCATED;
}

static __always_inline int is_punt(enum fl_reason why)
{
	return why >= FL_PUNT_NOT_OURS && why < FL_DROP_TRUNCATED;
}

static __always_inline void add_packet(struct fl_counter *counter, __u32 bytes)
{
	counter->packets++; /* per CPU, and softirqs do not nest */
	counter->bytes += bytes;
}

static __noinline int count_drop(__u32 network, __u32 reason, __u32 bytes)
{
	struct fl_drop_key key = {.network = network, .reason = reason};
	struct fl_counter first = {.packets = 1, .bytes = bytes};
	struct fl_counter *counter;

	counter = bpf_map_lookup_elem(&fl_drops, &key);
	if (!counter && bpf_map_update_elem(&fl_drops, &key, &first, BPF_NOEXIST)) {
		/* Another CPU was first, or the map is full. */
		counter = bpf_map_lookup_elem(&fl_drops, &key);
	}
	if (counter)
		add_packet(counter, bytes);
	return 0;
}

static __always_inline void count(struct __sk_buff *skb, __u32 network, enum fl_reason why)
{
	struct fl_counter *counter;
	__u32 index = why;

	if (is_drop(why)) {
		count_drop(network, why, skb->len);
		return;
	}
	counter = bpf_map_lookup_elem(&fl_forwarded, &index);
	if (counter)
		add_packet(counter, skb->len);
}

/* TC verdict, the same for TCX and clsact: UNSPEC is TCX_NEXT, "as if we were not there". */
static __always_inline int finish(struct __sk_buff *skb, const struct packet *pkt,
				  enum fl_reason why)
{
	count(skb, pkt->network, why);
	if (is_drop(why))
		return TC_ACT_SHOT;
	if (is_punt(why))
		return TC_ACT_UNSPEC;
	if (why == FL_FORWARD_FLOOD)
		return TC_ACT_SHOT; /* the copies are on their way; TCX knows no "stolen" */
	return TC_ACT_REDIRECT;
}

#endif
