/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP of a device that leads outside, where the driver makes it pay: tunnel packets for containers leave their tunnel
 * before the kernel has made an skb of them, so that GRO sees plain packets.
 *
 *   outer_len -> read_tunnelled -> believe -> unwrap
 *
 * The rest of their way is tc_uplink's, which finds struct fl_decapped in front of them and counts them. Everything
 * else passes untouched; what must not be believed is dropped here.
 */
#include "lib/config.h"
#include "lib/report.h"
#include "lib/tunnel.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline void *frame_of(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *end_of(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end;
}

/* FL_OK: the packet is out of its tunnel, and says where it goes. */
static __always_inline enum fl_reason unwrap(struct xdp_md *ctx, const struct tunnelled *t,
					     const struct believed *ends, __u32 outer)
{
	__u8 ecn = merge_ecn(t->inner_ecn, t->outer_ecn);
	struct fl_decapped *done;
	struct ethhdr *eth;

	if (ecn > ECN_MASK)
		return FL_DROP_ECN;
	if (bpf_xdp_adjust_head(ctx, outer) || bpf_xdp_adjust_meta(ctx, -(int)sizeof(*done)))
		return FL_DROP_REDIRECT;
	eth = frame_of(ctx);
	done = (void *)(long)ctx->data_meta;
	if ((void *)eth + FL_L3_OFF + sizeof(struct iphdr) > end_of(ctx) ||
	    (void *)(done + 1) > frame_of(ctx))
		return FL_DROP_REDIRECT;
	__builtin_memcpy(eth->h_dest, ends->dst->mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, ends->src->mac, ETH_ALEN);
	eth->h_proto = t->ethertype;
	if (ecn != t->inner_ecn)
		write_ecn(eth + 1, t->inner_v4, t->inner_ecn, ecn);
	done->magic = FL_DECAPPED;
	done->network = t->dst.network;
	done->ifindex = ends->dst->ifindex;
	done->flags = ends->dst->flags;
	return FL_OK;
}

static __always_inline enum fl_reason decap(struct xdp_md *ctx, __u32 outer, __u32 *network)
{
	struct believed ends = {};
	struct tunnelled t = {};
	enum fl_reason why;

	if (outer == FL_OUTER_V4)
		why = read_tunnelled(frame_of(ctx), end_of(ctx), FL_OUTER_V4, &t);
	else
		why = read_tunnelled(frame_of(ctx), end_of(ctx), FL_OUTER_V6, &t);
	if (why == FL_PUNT_NOT_OURS)
		return why;
	if (!why && !lengths_fit(&t, outer, bpf_xdp_get_buff_len(ctx)))
		why = FL_DROP_TRUNCATED;
	why = believe(&t, why, &ends, network);
	return why ?: unwrap(ctx, &t, &ends, outer);
}

SEC("xdp.frags")
int xdp_uplink(struct xdp_md *ctx)
{
	__u32 bytes = bpf_xdp_get_buff_len(ctx), network = 0, zero = 0, outer;
	const struct fl_tunnel *tunnel = bpf_map_lookup_elem(&fl_tunnel, &zero);
	enum fl_reason why;

	if (!tunnel || !tunnel->ifindex)
		return XDP_PASS;
	outer = outer_len(frame_of(ctx), end_of(ctx), tunnel->port);
	if (!outer)
		return XDP_PASS;
	why = decap(ctx, outer, &network);
	if (!is_drop(why))
		return XDP_PASS;
	count_drop(network, why, bytes);
	return XDP_DROP;
}
