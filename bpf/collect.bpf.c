/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon runs to end flows: it decides and deletes in one place, so that no packet gets between.
 *
 *   every flow: ended if its other half is another flow's by now, if it was idle, or if something is gone that it leads
 *   through; else counted for its container
 */
#include "lib/flow.h"
#include "lib/flow_count.h"
#include "lib/maps.h"
#include "lib/publish.h"
#include "shared/collect.h"

char LICENSE[] SEC("license") = "GPL";

/* What the kernel passes to every function of a walk. */
#define FL_UNUSED __attribute__((unused))

#define FL_NS_PER_S 1000000000ULL

/* A flow by the entry of its first direction, also if that is the one that is lost. */
struct seen_flow {
	struct fl_flow key;
	struct fl_nat nat;
};

static __always_inline void fill_seen(const struct fl_flow *key, const struct fl_nat *nat,
				      const struct fl_flow *other, struct seen_flow *seen)
{
	if (nat->flags & FL_NAT_REPLY) {
		seen->key = *other;
		fill_twin(key, nat, &seen->nat);
	} else {
		seen->key = *key;
		seen->nat = *nat;
	}
}

static __always_inline __u32 timeout(const struct fl_timeouts *t, const struct fl_nat *nat,
				     const struct fl_nat *twin, __u8 proto)
{
	__u8 flags = nat->flags | (twin ? twin->flags : 0);
	int open = is_open(nat, twin, proto);

	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return t->icmp;
	if (proto != IPPROTO_TCP)
		return open ? t->udp_answered : t->udp;
	if (flags & FL_NAT_RST)
		return t->tcp_reset;
	if (!open)
		return t->tcp_half_open;
	if (is_over(nat, twin))
		return t->tcp_closing;
	return flags & FL_NAT_FIN ? 4 * t->tcp_closing : t->tcp_established;
}

static __always_inline int is_idle(const struct fl_collect *run, const struct fl_nat *nat,
				   const struct fl_nat *twin, __u8 proto)
{
	__u64 last = nat->last_seen;

	if (twin && twin->last_seen > last)
		last = twin->last_seen;
	return run->now > last &&
	       run->now - last > timeout(&run->timeouts, nat, twin, proto) * FL_NS_PER_S;
}

static __always_inline int has_address(__u32 ifindex, const struct fl_addr *addr)
{
	const struct fl_endpoint *ep = bpf_map_lookup_elem(&fl_endpoints, &ifindex);

	return ep && (addr_equal(&ep->addr4, addr) || addr_equal(&ep->addr6, addr));
}

/* Does the port that the flow came in by still lead where it did? Ping comes in by none, but to routed networks only. */
static __always_inline int is_published(const struct seen_flow *seen,
					const struct fl_network *network)
{
	struct published found;

	if (!port_flag(seen->key.proto))
		return (network->flags & FL_NET_ROUTED) != 0;
	if (!find_port(&seen->key.dst, seen->key.dport, seen->key.proto, &found))
		return 0;
	if (!found.exact && !is_local(&seen->key.dst))
		return 0;
	return found.port == seen->nat.dport && addr_equal(&found.to->addr, &seen->nat.dst);
}

/* Is something gone that the flow leads through? */
static __noinline int is_stale(const struct seen_flow *seen)
{
	const struct fl_nat *nat = &seen->nat;
	const struct fl_network *network;
	__u32 id = nat->network;

	network = bpf_map_lookup_elem(&fl_networks, &id);
	if (!network)
		return 1;
	switch (nat->kind) {
	case FL_NAT_MASQUERADE:
		return !has_address(nat->endpoint, &seen->key.src) || !is_local(&nat->src);
	case FL_NAT_ROUTED:
		return !has_address(nat->endpoint, &seen->key.src);
	case FL_NAT_PUBLISHED:
		return !has_address(nat->endpoint, &nat->dst) || !is_published(seen, network);
	case FL_NAT_HAIRPIN:
		return !has_address(nat->endpoint, &seen->key.src) ||
		       !has_address(nat->ifindex, &nat->dst) || !is_published(seen, network);
	default:
		return !has_address(nat->endpoint, &nat->dst);
	}
}

static __always_inline void count(__u32 ifindex, int open)
{
	struct fl_flow_count first = {.counting_flows = 1, .counting_half_open = !open};
	struct fl_flow_count *known = bpf_map_lookup_elem(&fl_flow_counts, &ifindex);

	if (!known) {
		bpf_map_update_elem(&fl_flow_counts, &ifindex, &first, BPF_NOEXIST);
		return;
	}
	known->counting_flows++;
	known->counting_half_open += !open;
}

/* Each flow once: by its first direction, or by the entry that is left. */
static long visit(FL_UNUSED void *map, const struct fl_flow *key, struct fl_nat *nat,
		  struct fl_collect *run)
{
	struct seen_flow seen = {};
	struct fl_flow flow = *key, other = {};
	const struct fl_nat *twin;
	int idle;

	run->entries++;
	fill_twin_key(nat, flow.proto, &other);
	twin = bpf_map_lookup_elem(&fl_nat, &other);
	if (twin && !leads_back(twin, &flow)) {
		bpf_map_delete_elem(&fl_nat, &flow);
		run->stale++;
		return 0;
	}
	if (twin && (nat->flags & FL_NAT_REPLY))
		return 0;
	fill_seen(&flow, nat, &other, &seen);
	idle = is_idle(run, nat, twin, flow.proto);
	if (!idle && !is_stale(&seen)) {
		count(counted_for(&seen.nat), is_open(nat, twin, flow.proto));
		run->flows++;
		return 0;
	}
	bpf_map_delete_elem(&fl_nat, &flow);
	if (twin)
		bpf_map_delete_elem(&fl_nat, &other);
	if (idle)
		run->expired++;
	else
		run->stale++;
	return 0;
}

static long begin_count(FL_UNUSED void *map, FL_UNUSED const __u32 *ifindex,
			struct fl_flow_count *known, FL_UNUSED void *nothing)
{
	known->counting_flows = 0;
	known->counting_half_open = 0;
	return 0;
}

static long end_count(FL_UNUSED void *map, const __u32 *ifindex, struct fl_flow_count *known,
		      FL_UNUSED void *nothing)
{
	__u32 device = *ifindex;

	known->flows = known->counting_flows;
	known->half_open = known->counting_half_open;
	if (!known->flows && !bpf_map_lookup_elem(&fl_endpoints, &device))
		bpf_map_delete_elem(&fl_flow_counts, &device);
	return 0;
}

SEC("syscall")
int collect(struct fl_collect *ctx)
{
	struct fl_collect run = {.now = ctx->now, .timeouts = ctx->timeouts};

	bpf_for_each_map_elem(&fl_flow_counts, begin_count, NULL, 0);
	bpf_for_each_map_elem(&fl_nat, visit, &run, 0);
	bpf_for_each_map_elem(&fl_flow_counts, end_count, NULL, 0);
	ctx->entries = run.entries;
	ctx->flows = run.flows;
	ctx->expired = run.expired;
	ctx->stale = run.stale;
	return 0;
}
