/* SPDX-License-Identifier: GPL-2.0-only */
/* New flows.
 *
 * The entry of the answering direction is made first and must be new: it is what claims a port.
 */
#ifndef FL_LIB_MAKE_FLOW_H
#define FL_LIB_MAKE_FLOW_H

#include "nat.h"

/* What the parts of a new flow are, besides the addresses and ports on its first packet. */
struct new_flow {
	struct fl_addr src; /* becomes */
	struct fl_addr dst;
	__be16 sport;
	__be16 dport;
	__u32 kind; /* enum fl_nat_kind */
	__u32 flags; /* enum fl_nat_flags that both entries begin with */
	__u32 network;
	__u32 ifindex; /* where the first direction goes; 0: out by the host's routes */
	__u32 endpoint;
	__u32 reply_ifindex;
	__u32 reply_endpoint;
};

/* Where a CPU puts a flow together: the stack is too small for two entries and their keys. */
struct workspace {
	struct fl_flow key; /* of the answering entry */
	struct fl_nat nat; /* that entry, and then the other one */
	struct fl_flow other; /* key of an entry that is in the way, the other direction's */
	struct bpf_sock_tuple tuple;
	struct bpf_fib_lookup fib; /* for tc_endpoint: the way out */
	__u32 whose; /* device of the container that the flow is counted for */
	__u32 half_open; /* flows that it has */
	__u32 start; /* of the search for a port: offset into the range */
	__be16 own; /* the packet's port, if it is in the range */
	__be16 victim; /* 0, or a port whose flow may give way */
	__u32 over; /* 0/1: that flow was open, and is over */
	__u32 found; /* 0/1 */
};

/* Each object has its own, and the daemon knows nothing of it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct workspace);
} workspace SEC(".maps");

static __always_inline struct workspace *get_workspace(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&workspace, &first);
}

static __always_inline void fill_reply(const struct packet *pkt, const struct new_flow *flow,
				       struct fl_flow *key, struct fl_nat *nat)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memset(nat, 0, sizeof(*nat));
	key->src = flow->dst;
	key->dst = flow->src;
	key->sport = flow->dport;
	key->dport = flow->sport;
	key->proto = pkt->flow.proto;
	nat->src = pkt->flow.dst;
	nat->dst = pkt->flow.src;
	nat->sport = pkt->flow.dport;
	nat->dport = pkt->flow.sport;
	nat->kind = flow->kind;
	nat->flags = FL_NAT_REPLY | flow->flags;
	nat->network = flow->network;
	nat->ifindex = flow->reply_ifindex;
	nat->endpoint = flow->reply_endpoint;
	nat->last_seen = bpf_ktime_get_coarse_ns();
}

/* May the flow whose answering entry is in the way be ended? It is over, or was quiet for a minute. */
static __always_inline int is_replaceable(struct workspace *w, const struct fl_nat *old)
{
	const struct fl_nat *twin;
	__u64 now = bpf_ktime_get_coarse_ns();

	if (now > old->last_seen && now - old->last_seen > 60 * FL_NS_PER_S)
		return 1;
	fill_twin_key(old, w->key.proto, &w->other);
	twin = bpf_map_lookup_elem(&fl_nat, &w->other);
	return is_over(old, twin && leads_back(twin, &w->key) ? twin : NULL);
}

/* The answering entry's place is taken. By the same flow, whose other half the LRU took, or which another CPU makes
 * just now: that is as good. */
static __always_inline enum fl_reason replace_reply(const struct packet *pkt, struct workspace *w)
{
	const struct fl_nat *old = bpf_map_lookup_elem(&fl_nat, &w->key);
	__u64 how = BPF_NOEXIST;

	if (old && leads_back(old, &pkt->flow))
		how = BPF_ANY;
	else if (old && !is_replaceable(w, old))
		return FL_DROP_NAT_COLLISION;
	else if (!end_flow(&w->key))
		return FL_DROP_NAT_EXHAUSTED;
	return bpf_map_update_elem(&fl_nat, &w->key, &w->nat, how) ? FL_DROP_NAT_EXHAUSTED : FL_OK;
}

/* Puts the second entry, that of the direction of the packet. If another CPU has put one meanwhile, that is the
 * flow's. */
static __noinline enum fl_reason put_forward(const struct packet *pkt, const struct new_flow *flow,
					     struct workspace *w)
{
	const struct fl_nat *other;
	struct fl_nat *nat;

	if (!w)
		return FL_DROP_NAT_EXHAUSTED; /* for the verifier: callers have checked */
	nat = &w->nat;
	nat->src = flow->src;
	nat->dst = flow->dst;
	nat->sport = flow->sport;
	nat->dport = flow->dport;
	nat->flags = flow->flags;
	nat->ifindex = flow->ifindex;
	nat->endpoint = flow->endpoint;
	if (!bpf_map_update_elem(&fl_nat, &pkt->flow, nat, BPF_NOEXIST)) {
		count_flow(flow->endpoint);
		return FL_OK;
	}
	other = bpf_map_lookup_elem(&fl_nat, &pkt->flow);
	if (other && leads_back(other, &w->key))
		return FL_OK;
	bpf_map_delete_elem(&fl_nat, &w->key);
	return other ? FL_OK : FL_DROP_NAT_EXHAUSTED;
}

/* Flow whose ports are given. */
static __noinline enum fl_reason make_flow(const struct packet *pkt, struct new_flow *flow)
{
	struct workspace *w = get_workspace();
	enum fl_reason why;

	if (is_at_cap(flow->endpoint))
		return FL_DROP_FLOW_CAP;
	if (!w)
		return FL_DROP_NAT_EXHAUSTED;
	fill_reply(pkt, flow, &w->key, &w->nat);
	if (bpf_map_update_elem(&fl_nat, &w->key, &w->nat, BPF_NOEXIST)) {
		why = replace_reply(pkt, w);
		if (why)
			return why;
	}
	return put_forward(pkt, flow, w);
}

#endif
