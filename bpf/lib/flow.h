/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about a flow, by its two entries: which belong together, is it open, is it over, whose is it. */
#ifndef FL_LIB_FLOW_H
#define FL_LIB_FLOW_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

#include "addr.h"
#include "shared/nat.h"

/* Key of the other direction's entry: what this one's packets become, reversed. */
static __always_inline void fill_twin_key(const struct fl_nat *nat, __u8 proto, struct fl_flow *key)
{
	key->src = nat->dst;
	key->dst = nat->src;
	key->sport = nat->dport;
	key->dport = nat->sport;
	key->proto = proto;
	key->pad[0] = 0;
	key->pad[1] = 0;
	key->pad[2] = 0;
}

/* Is this the other entry of the flow that `flow` is a key of? If not, its place was taken by another flow. */
static __always_inline int leads_back(const struct fl_nat *twin, const struct fl_flow *flow)
{
	return addr_equal(&twin->src, &flow->dst) && addr_equal(&twin->dst, &flow->src) &&
	       twin->sport == flow->dport && twin->dport == flow->sport;
}

/* The other entry of a flow, as it was made: for one that the LRU took. If this one was in use, so was that. */
static __always_inline void fill_twin(const struct fl_flow *flow, const struct fl_nat *nat,
				      struct fl_nat *twin)
{
	twin->src = flow->dst;
	twin->dst = flow->src;
	twin->sport = flow->dport;
	twin->dport = flow->sport;
	twin->kind = nat->kind;
	twin->flags = (nat->flags & (FL_NAT_SEEN | FL_NAT_WAITS)) | (~nat->flags & FL_NAT_REPLY);
	twin->network = nat->network;
	if (nat->kind == FL_NAT_HAIRPIN) { /* both entries name both ends */
		twin->ifindex = nat->endpoint;
		twin->endpoint = nat->ifindex;
	} else {
		twin->ifindex = nat->ifindex ? 0 : nat->endpoint;
		twin->endpoint = nat->endpoint;
	}
	twin->last_seen = nat->last_seen;
}

/* Has it been answered? TCP: and has the handshake ended? Without its twin: as far as this entry tells. */
static __always_inline int is_open(const struct fl_nat *nat, const struct fl_nat *twin, __u8 proto)
{
	__u8 both = nat->flags & (twin ? twin->flags : nat->flags);
	__u8 reply = (nat->flags & FL_NAT_REPLY) || !twin ? nat->flags : twin->flags;

	if (nat->flags & FL_NAT_WAITS)
		return 0;
	return ((proto == IPPROTO_TCP ? both : reply) & FL_NAT_SEEN) != 0;
}

/* Reset, or finished in both directions. */
static __always_inline int is_over(const struct fl_nat *nat, const struct fl_nat *twin)
{
	if ((nat->flags | (twin ? twin->flags : 0)) & FL_NAT_RST)
		return 1;
	return (nat->flags & (twin ? twin->flags : nat->flags) & FL_NAT_FIN) != 0;
}

/* Whose flow is it, in fl_flow_counts? */
static __always_inline __u32 counted_for(const struct fl_nat *nat)
{
	if (nat->kind == FL_NAT_HAIRPIN && (nat->flags & FL_NAT_REPLY))
		return nat->ifindex;
	return nat->endpoint;
}

#endif
