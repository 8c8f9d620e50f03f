/* SPDX-License-Identifier: GPL-2.0-only */
/* Translated flows: find, use, end; make_flow.h makes them. A flow is two entries, one a direction. */
#ifndef FL_LIB_NAT_H
#define FL_LIB_NAT_H

#include "flow_count.h"
#include "flow_state.h"
#include "fragment.h"
#include "maps.h"
#include "packet.h"
#include "way.h"

static __always_inline struct fl_nat *find_nat(const struct packet *pkt)
{
	return bpf_map_lookup_elem(&fl_nat, &pkt->flow);
}

/* Flow of a packet whose ports are parsed; NULL: none yet, or a fragment of an unknown datagram. */
static __always_inline struct fl_nat *find_flow(struct packet *pkt)
{
	struct fl_nat *nat;

	if (pkt->fragment == FRAGMENT_LATER && borrow_ports(pkt))
		return NULL;
	nat = find_nat(pkt);
	if (!nat)
		return NULL;
	pkt->is_due = is_due(nat);
	if (!pkt->is_due)
		return nat;
	forget_way(nat);
	return keep_twin(pkt, nat) ? nat : NULL;
}

/* Call before the rewrite, once it is certain that the packet may use the flow. */
static __always_inline void use_flow(struct fl_nat *nat, const struct packet *pkt)
{
	touch_nat(nat, pkt);
	if (pkt->fragment == FRAGMENT_FIRST)
		lend_ports(pkt);
}

/* Takes a flow out before its time, both entries. `key` is that of either. Answers if it is gone now. */
static __noinline int end_flow(const struct fl_flow *key)
{
	const struct fl_nat *nat = bpf_map_lookup_elem(&fl_nat, key);
	const struct fl_nat *twin;
	struct fl_flow other = {};
	int half_open;
	__u32 whose;

	if (!nat)
		return 1;
	fill_twin_key(nat, key->proto, &other);
	twin = bpf_map_lookup_elem(&fl_nat, &other);
	if (twin && !leads_back(twin, key))
		twin = NULL;
	half_open = !is_open(nat, twin, key->proto);
	whose = counted_for(nat);
	if (bpf_map_delete_elem(&fl_nat, key))
		return 0; /* another CPU was faster */
	if (twin)
		bpf_map_delete_elem(&fl_nat, &other);
	uncount_flow(whose, half_open);
	return 1;
}

#endif
