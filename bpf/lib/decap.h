/* SPDX-License-Identifier: GPL-2.0-only */
/* Tunnel packets out of their tunnel, at TC ingress of an uplink. */
#ifndef FL_LIB_DECAP_H
#define FL_LIB_DECAP_H

#include <linux/if_packet.h>

#include "deliver.h"
#include "tunnel.h"

/* Flags of bpf_skb_adjust_room() that are newer than the headers that we build with; see fl_config. */
#define FL_F_DECAP_L3_IPV4 (1ULL << 7)
#define FL_F_DECAP_L3_IPV6 (1ULL << 8)
#define FL_F_DECAP_L4_UDP (1ULL << 10)

/* Makes up to len bytes of the frame linear. */
static __always_inline void make_linear(struct __sk_buff *skb, __u32 len)
{
	if (frame_start(skb) + len <= frame_end(skb))
		return;
	if (len > skb->len)
		len = skb->len;
	if (frame_start(skb) + len > frame_end(skb))
		bpf_skb_pull_data(skb, len);
}

/* By the container's network, from one of its neighbours: both MACs are from the map, whatever the packet says. */
static __always_inline int write_inner_macs(struct __sk_buff *skb, const struct believed *ends,
					    __be16 ethertype)
{
	struct ethhdr *eth = pull(skb, ETH_HLEN);

	if (!eth)
		return -1;
	__builtin_memcpy(eth->h_dest, ends->dst->mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, ends->src->mac, ETH_ALEN);
	eth->h_proto = ethertype;
	return 0;
}

static __noinline int change_ecn(struct __sk_buff *skb, int is_v4, __u8 before, __u8 after)
{
	void *data = pull(skb, FL_L3_OFF + sizeof(struct iphdr));
	__u32 diff;

	if (!data)
		return -1;
	diff = write_ecn(data + FL_L3_OFF, is_v4, before, after);
	if (diff)
		bpf_csum_update(skb, diff); /* refused where there is no such sum: fine */
	return 0;
}

/* Aggregates that only the kernel's own device can take out of their tunnel without the flags: their state would still
 * say "tunnel" to whoever cuts them, as UDP sockets do and devices that they are sent to. Of an aggregate of outer
 * datagrams (rx-udp-gro-forwarding), the inner length is that of the first one. */
static __always_inline int is_aggregate_for_kernel(struct __sk_buff *skb, const struct tunnelled *t,
						   __u32 outer)
{
	if (!skb->gso_size)
		return 0;
	if (t->proto != IPPROTO_TCP && !fl_config.decap_l4_udp)
		return 1;
	if (t->inner_v4 != t->outer_v4 && !fl_config.decap_l3)
		return 1;
	return outer + ETH_HLEN + t->inner_len != skb->len;
}

static __always_inline __u64 decap_flags(const struct tunnelled *t)
{
	__u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET;

	if (fl_config.decap_l3)
		flags |= t->inner_v4 ? FL_F_DECAP_L3_IPV4 : FL_F_DECAP_L3_IPV6;
	if (fl_config.decap_l4_udp)
		flags |= FL_F_DECAP_L4_UDP;
	return flags;
}

/* Takes the headers off and delivers. Until the room is gone, the packet is untouched. */
static __always_inline enum fl_reason unwrap(struct __sk_buff *skb, const struct tunnelled *t,
					     const struct believed *ends, __u32 outer)
{
	__u8 ecn = merge_ecn(t->inner_ecn, t->outer_ecn);

	if (ecn > ECN_MASK)
		return FL_DROP_ECN;
	if (bpf_skb_adjust_room(skb, -(__s32)outer, BPF_ADJ_ROOM_MAC, decap_flags(t)))
		return FL_PUNT_TUNNEL;
	/* What the NIC says of the outer checksum is not the inner one's; refused where it says nothing: fine */
	bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
	if (ecn != t->inner_ecn && change_ecn(skb, t->inner_v4, t->inner_ecn, ecn))
		return FL_DROP_REDIRECT;
	if (write_inner_macs(skb, ends, t->ethertype))
		return FL_DROP_REDIRECT;
	/* The kernel still takes it for the outer family; a device's receive path looks again. */
	if (t->inner_v4 != t->outer_v4 && !fl_config.decap_l3)
		return send_to(ends->dst->ifindex, FL_FORWARD_REMOTE_IN);
	return send_into(ends->dst->ifindex, ends->dst->flags, FL_FORWARD_REMOTE_IN);
}

static __noinline enum fl_reason decap_tunnelled(struct __sk_buff *skb, struct packet *pkt,
						 __u32 outer)
{
	struct believed ends = {};
	struct tunnelled t = {};
	enum fl_reason why;

	make_linear(skb, outer + ETH_HLEN + sizeof(struct ipv6hdr));
	if (outer == FL_OUTER_V4)
		why = read_tunnelled(frame_start(skb), frame_end(skb), FL_OUTER_V4, &t);
	else
		why = read_tunnelled(frame_start(skb), frame_end(skb), FL_OUTER_V6, &t);
	if (why == FL_PUNT_NOT_OURS)
		return FL_OK;
	if (!why && !skb->gso_size && !lengths_fit(&t, outer, skb->len))
		why = FL_DROP_TRUNCATED;
	why = believe(&t, why, &ends, &pkt->network);
	if (why == FL_PUNT_NOT_OURS)
		return FL_OK;
	if (why)
		return why;
	if (is_aggregate_for_kernel(skb, &t, outer))
		return FL_PUNT_TUNNEL;
	return unwrap(skb, &t, &ends, outer);
}

/* FL_OK: no tunnel packet to this host. Costs the host's own packets an array read and a look at their port. */
static __always_inline enum fl_reason decap(struct __sk_buff *skb, struct packet *pkt)
{
	__u32 zero = 0, outer;
	const struct fl_tunnel *tunnel = bpf_map_lookup_elem(&fl_tunnel, &zero);

	if (!tunnel || !tunnel->ifindex)
		return FL_OK;
	make_linear(skb, FL_L3_OFF + sizeof(struct ipv6hdr) + sizeof(struct udphdr));
	outer = outer_len(frame_start(skb), frame_end(skb), tunnel->port);
	if (!outer || skb->pkt_type == PACKET_OTHERHOST || skb->vlan_present)
		return FL_OK;
	return decap_tunnelled(skb, pkt, outer);
}

static __always_inline void *meta_start(struct __sk_buff *skb)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(p)
		     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, data_meta)));
	return p;
}

/* What xdp_uplink took out of its tunnel and checked. FL_OK: nothing of that. Metadata never come from a wire. */
static __always_inline enum fl_reason deliver_decapped(struct __sk_buff *skb, struct packet *pkt)
{
	struct fl_decapped *done = meta_start(skb);

	if ((void *)(done + 1) != frame_start(skb))
		return FL_OK;
	if ((void *)(done + 1) > frame_start(skb) || done->magic != FL_DECAPPED)
		return FL_OK;
	done->magic = 0; /* the container may send the same buffer on */
	pkt->network = done->network;
	return send_into(done->ifindex, done->flags, FL_FORWARD_REMOTE_IN);
}

#endif
