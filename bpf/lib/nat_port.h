/* SPDX-License-Identifier: GPL-2.0-only */
/* Flows whose source port is ours to choose.
 *
 * The port is new for the flow's other end: the answering entry claims it. It is neither published nor used by a
 * socket of the host, whose packets must not be taken for ours. If there is none, a flow gives way that is over, or
 * that has never opened, expects no answer any more, and belongs to whoever has most of such.
 */
#ifndef FL_LIB_NAT_PORT_H
#define FL_LIB_NAT_PORT_H

#include "make_flow.h"
#include "publish.h"

/* How many ports are tried for a free one, if a flow is found that is over; and at all. */
#define FL_PORT_FREE_TRIES 32
#define FL_PORT_TRIES 256

/* How long an answer may take, ns. */
#define FL_ANSWER_NS (3 * FL_NS_PER_S)

struct port_search {
	struct __sk_buff *skb;
	struct workspace *w;
};

static __always_inline void set_port(struct workspace *w, __be16 port)
{
	w->key.dport = port;
	if (w->key.proto == IPPROTO_ICMP || w->key.proto == IPPROTO_ICMPV6)
		w->key.sport = port; /* one identifier is both */
}

static __always_inline __u32 fill_tuple(const struct fl_flow *key, struct bpf_sock_tuple *tuple)
{
	if (addr_is_v4(&key->src)) {
		tuple->ipv4.saddr = addr_word(&key->src, 3);
		tuple->ipv4.daddr = addr_word(&key->dst, 3);
		tuple->ipv4.sport = key->sport;
		tuple->ipv4.dport = key->dport;
		return sizeof(tuple->ipv4);
	}
	*(struct fl_addr *)tuple->ipv6.saddr = key->src;
	*(struct fl_addr *)tuple->ipv6.daddr = key->dst;
	tuple->ipv6.sport = key->sport;
	tuple->ipv6.dport = key->dport;
	return sizeof(tuple->ipv6);
}

/* Would an answer to this port reach a socket of the host? Established, listening, or bound. */
static __noinline int has_socket(struct __sk_buff *skb, struct workspace *w)
{
	struct bpf_sock *sock = NULL;
	__u32 size;

	if (!w)
		return 0;
	size = fill_tuple(&w->key, &w->tuple);
	if (w->key.proto == IPPROTO_TCP)
		sock = bpf_skc_lookup_tcp(skb, &w->tuple, size, BPF_F_CURRENT_NETNS, 0);
	else if (w->key.proto == IPPROTO_UDP)
		sock = bpf_sk_lookup_udp(skb, &w->tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return 0;
	bpf_sk_release(sock);
	return 1;
}

/* Could the answer to what a flow has sent still come? It would reach whoever has the port by then. TCP tells such an
 * answer by its numbers. */
static __always_inline int may_be_answered(const struct fl_nat *nat, const struct fl_nat *twin,
					   __u8 proto)
{
	__u64 last = twin && twin->last_seen > nat->last_seen ? twin->last_seen : nat->last_seen;

	return proto != IPPROTO_TCP && bpf_ktime_get_coarse_ns() < last + FL_ANSWER_NS;
}

/* May the flow that has this answering entry give way? */
static __always_inline int gives_way(struct workspace *w, const struct fl_nat *old)
{
	const struct fl_flow_count *count;
	const struct fl_nat *twin;
	__u32 whose;

	w->over = 0;
	if (!(old->flags & FL_NAT_REPLY))
		return 0;
	fill_twin_key(old, w->key.proto, &w->other);
	twin = bpf_map_lookup_elem(&fl_nat, &w->other);
	if (twin && !leads_back(twin, &w->key))
		twin = NULL;
	if (is_open(old, twin, w->key.proto)) {
		w->over = is_over(old, twin);
		return w->over;
	}
	if (may_be_answered(old, twin, w->key.proto))
		return 0;
	/* A reset does not count here: to the server, the port may still be that of a flow which gave way. The client
	 * then resets what the server has, and its next SYN gets through. */
	whose = counted_for(old);
	if (whose == w->whose)
		return 1;
	count = bpf_map_lookup_elem(&fl_flow_counts, &whose);
	return count && count->half_open > w->half_open;
}

/* A taken port: is it by the same flow, whose other half the LRU took? Else it may be a way out later. */
static __always_inline int try_taken(struct __sk_buff *skb, struct workspace *w,
				     const struct fl_nat *old)
{
	if (addr_equal(&old->dst, &w->nat.dst) && old->dport == w->nat.dport &&
	    addr_equal(&old->src, &w->nat.src) && old->sport == w->nat.sport)
		return !bpf_map_update_elem(&fl_nat, &w->key, &w->nat, BPF_ANY);
	if (!w->victim && gives_way(w, old) && !has_socket(skb, w))
		w->victim = w->key.dport;
	return 0;
}

/* The answering entry first, then the socket: of two that claim a port at once, one sees the other. */
static __always_inline int try_free(struct __sk_buff *skb, struct workspace *w)
{
	if (bpf_map_update_elem(&fl_nat, &w->key, &w->nat, BPF_NOEXIST))
		return 0;
	if (!has_socket(skb, w))
		return 1;
	bpf_map_delete_elem(&fl_nat, &w->key);
	return 0;
}

/* In a large range, a port anywhere: taken ones come in runs, longer than all tries when few are left. */
static __always_inline __be16 port_to_try(const struct workspace *w, __u32 i)
{
	__u32 range = fl_config.nat_port_last - fl_config.nat_port_first + 1;
	__u32 offset = range > FL_PORT_TRIES ? bpf_get_prandom_u32() : w->start + i;

	if (i == 0 && w->own)
		return w->own;
	return bpf_htons(fl_config.nat_port_first + offset % range);
}

static long try_port(__u32 i, void *data)
{
	struct port_search *search = data;
	struct workspace *w = search->w;
	const struct fl_nat *old;

	set_port(w, port_to_try(w, i));
	if (may_be_published(w->key.dport, w->key.proto))
		return 0;
	old = bpf_map_lookup_elem(&fl_nat, &w->key);
	w->found = old ? try_taken(search->skb, w, old) : try_free(search->skb, w);
	return w->found || (w->victim && w->over && i >= FL_PORT_FREE_TRIES);
}

/* Puts the answering entry with a port that it leaves in the key. Answers if there is one. */
static __always_inline int find_free_port(struct __sk_buff *skb, struct workspace *w)
{
	__u32 range = fl_config.nat_port_last - fl_config.nat_port_first + 1;
	struct port_search search = {.skb = skb, .w = w};

	w->start = bpf_get_prandom_u32();
	w->victim = 0;
	w->found = 0;
	bpf_loop(1 + (range < FL_PORT_TRIES ? range : FL_PORT_TRIES), try_port, &search, 0);
	if (w->found || !w->victim)
		return w->found;
	set_port(w, w->victim);
	return end_flow(&w->key) && !bpf_map_update_elem(&fl_nat, &w->key, &w->nat, BPF_NOEXIST);
}

static __always_inline __u32 half_open_flows(__u32 ifindex)
{
	const struct fl_flow_count *count = bpf_map_lookup_elem(&fl_flow_counts, &ifindex);

	return count ? count->half_open : 0;
}

/* Makes the flow, and sets its source port: the packet's own if that is in the range and free, else a
 * random one. Everything else in `flow` is given; its family may be another than the packet's. */
static __noinline enum fl_reason
make_flow_with_port(struct __sk_buff *skb, const struct packet *pkt, struct new_flow *flow)
{
	struct workspace *w = get_workspace();

	if (is_at_cap(flow->endpoint))
		return FL_DROP_FLOW_CAP;
	if (!w)
		return FL_DROP_NAT_EXHAUSTED;
	fill_reply(pkt, flow, &w->key, &w->nat);
	w->whose = flow->endpoint;
	w->half_open = half_open_flows(flow->endpoint);
	w->own = in_nat_range(pkt->flow.sport) ? pkt->flow.sport : 0;
	if (!find_free_port(skb, w))
		return FL_DROP_NAT_EXHAUSTED;
	flow->sport = w->key.dport;
	flow->dport = w->key.sport;
	return put_forward(pkt, flow, w);
}

#endif
