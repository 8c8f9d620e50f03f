/* SPDX-License-Identifier: GPL-2.0-only */
/* The other half of host_rules.h: what the host's forward rules have let pass. For tc_host.
 */
#ifndef FL_LIB_LET_IN_H
#define FL_LIB_LET_IN_H

#include "flow.h"
#include "fragment.h"
#include "maps.h"
#include "packet.h"
#include "parse.h"

static __always_inline int is_uplink(__u32 ifindex)
{
	return bpf_map_lookup_elem(&fl_uplinks, &ifindex) != NULL;
}

/* Only one flag goes, of entries that other CPUs write to as well: at the worst, the rules are asked again. */
static __always_inline void end_waiting(struct fl_nat *nat)
{
	if (nat->flags & FL_NAT_WAITS)
		nat->flags &= ~FL_NAT_WAITS;
}

/* A packet that the host has routed into a network. FL_OK: it came from outside to a published port, and
 * the rules have let it pass. Fragments are followed under the addresses that they have now. */
static __noinline enum fl_reason let_in(struct __sk_buff *skb, struct packet *pkt)
{
	struct fl_flow answer = {}, question = {};
	struct fl_nat *nat;

	if (!is_uplink(skb->ingress_ifindex) || parse_l4(skb, pkt))
		return FL_DROP_DIRECT;
	if (pkt->fragment == FRAGMENT_LATER && borrow_ports(pkt))
		return FL_DROP_DIRECT;
	answer.src = pkt->flow.dst;
	answer.dst = pkt->flow.src;
	answer.sport = pkt->flow.dport;
	answer.dport = pkt->flow.sport;
	answer.proto = pkt->flow.proto;
	nat = bpf_map_lookup_elem(&fl_nat, &answer);
	if (!nat || nat->kind != FL_NAT_PUBLISHED || !(nat->flags & FL_NAT_REPLY))
		return FL_DROP_DIRECT;
	end_waiting(nat);
	fill_twin_key(nat, answer.proto, &question);
	nat = bpf_map_lookup_elem(&fl_nat, &question);
	if (nat)
		end_waiting(nat);
	if (pkt->fragment == FRAGMENT_FIRST)
		lend_ports(pkt);
	return FL_OK;
}

#endif
