/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon runs when rules have changed: ends flows whose client may no longer reach the published port.
 *
 * No part of collect, which may sleep: not every kernel that we run on lets such a program look into an LPM trie.
 */
#include "lib/config.h"
#include "lib/flow.h"
#include "lib/maps.h"
#include "lib/publish.h"

char LICENSE[] SEC("license") = "GPL";

/* Each entry for itself: both tell the client's direction. */
static long visit(__attribute__((unused)) void *map, const struct fl_flow *key, struct fl_nat *nat,
		  __u32 *ended)
{
	struct fl_flow flow = *key, first = {};
	struct published found;

	if (nat->kind != FL_NAT_PUBLISHED && nat->kind != FL_NAT_HAIRPIN)
		return 0;
	if (nat->flags & FL_NAT_REPLY)
		fill_twin_key(nat, flow.proto, &first);
	else
		first = flow;
	if (!find_port(&first.dst, first.dport, first.proto, &found) ||
	    may_reach(found.to->list, &first.src))
		return 0;
	bpf_map_delete_elem(&fl_nat, &flow);
	(*ended)++;
	return 0;
}

/* Returns how many entries it has deleted. The packet that it is run on is nobody's. */
SEC("tc")
int collect_refused(__attribute__((unused)) struct __sk_buff *skb)
{
	__u32 ended = 0;

	bpf_for_each_map_elem(&fl_nat, visit, &ended, 0);
	return ended;
}
