/* SPDX-License-Identifier: GPL-2.0-only */
/* To a container of another host: the packet goes into a tunnel (VXLAN, RFC 7348) with a header that the daemon has
 * made ready. For tc_endpoint.
 */
#ifndef FL_LIB_ENCAP_H
#define FL_LIB_ENCAP_H

#include "checksum.h"
#include "deliver.h"
#include "parse.h"
#include "tunnel.h"

/* RFC 7348 5: dynamic ports, so that no service is met. */
#define FL_TUNNEL_PORT_FIRST 49152
#define FL_TUNNEL_PORT_LAST 65535

/* What makes the packet to the kernel what its own vxlan device would make of it: segmentation offload and NICs then
 * see a tunnel. The outer UDP checksum must be 0 with that. */
#define FL_ENCAP_FLAGS                                                                             \
	(BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |   \
	 BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN) | BPF_F_ADJ_ROOM_ENCAP_L2_ETH)

/* Entropy for the underlay's paths and the receiver's queues: udp_flow_src_port() of the kernel. */
static __always_inline __be16 source_port(__u32 hash)
{
	const __u32 range = FL_TUNNEL_PORT_LAST - FL_TUNNEL_PORT_FIRST;

	hash ^= hash << 16;
	return bpf_htons((((__u64)hash * range) >> 32) + FL_TUNNEL_PORT_FIRST);
}

/* Bytes of the largest IP packet of an aggregate once it is cut; 0: not known to us. */
static __noinline __u32 segment_len(struct __sk_buff *skb, struct packet *pkt)
{
	if (parse_l4(skb, pkt))
		return 0;
	if (pkt->flow.proto != IPPROTO_TCP && pkt->flow.proto != IPPROTO_UDP)
		return 0;
	return pkt->l4_off - FL_L3_OFF + pkt->l4_len + skb->gso_size;
}

/* outer: bytes that the tunnel adds to an IP packet; mtu: of an outer IP packet. Says "too big" also where the packet may
 * be fragmented: nobody fragments in a tunnel. */
static __always_inline enum fl_reason check_tunnel_size(struct __sk_buff *skb, struct packet *pkt,
							__u32 mtu, __u32 outer)
{
	__u32 len = skb->gso_size ? segment_len(skb, pkt) : skb->len - ETH_HLEN;

	if (len + outer <= mtu)
		return FL_OK;
	pkt->mtu = mtu > outer ? mtu - outer : 0;
	return FL_DROP_TOO_BIG;
}

/* No host sends less than that, however often it is told (min_pmtu of Linux; RFC 8200 5): let the underlay decide. It is
 * also what forged errors can do at the worst. */
#define FL_MIN_INNER_V4 552
#define FL_MIN_INNER_V6 1280

/* mtu: of the next hop. */
static __always_inline __u32 with_path_mtu(const struct packet *pkt, const struct fl_path_mtu *path,
					   __u32 mtu, __u32 outer)
{
	__u32 least = outer + (pkt->is_v4 ? FL_MIN_INNER_V4 : FL_MIN_INNER_V6);
	__u32 told = path->mtu;

	if (!told)
		return mtu;
	if (told < least)
		told = least;
	return told < mtu ? told : mtu;
}

/* What the kernel's device may send is known by the network's MTU only. */
static __always_inline enum fl_reason check_kernel_size(struct __sk_buff *skb, struct packet *pkt,
							const struct fl_path_mtu *path, __u32 outer)
{
	__u32 id = pkt->network;
	const struct fl_network *network = bpf_map_lookup_elem(&fl_networks, &id);
	__u32 mtu = network ? network->mtu + outer : 0;

	return check_tunnel_size(skb, pkt, with_path_mtu(pkt, path, mtu, outer), outer);
}

/* By the kernel's vxlan device, which finds the way and the next hop by itself. */
static __noinline enum fl_reason give_to_kernel(struct __sk_buff *skb, __u32 network,
						const struct fl_peer *peer,
						const struct fl_forward *target)
{
	__u64 flags = BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT;
	struct bpf_tunnel_key key = {.tunnel_id = network, .tunnel_ttl = FL_TTL};
	const struct fl_tunnel *tunnel;
	__u32 zero = 0;

	tunnel = bpf_map_lookup_elem(&fl_tunnel, &zero);
	if (!peer || !target || !tunnel || !tunnel->ifindex)
		return FL_DROP_NO_PEER;
	if (addr_is_v4(&peer->remote)) {
		key.remote_ipv4 = bpf_ntohl(addr_word(&peer->remote, 3));
		key.local_ipv4 = bpf_ntohl(addr_word(&peer->local, 3));
	} else {
		flags |= BPF_F_TUNINFO_IPV6;
		*(struct fl_addr *)key.remote_ipv6 = peer->remote;
		*(struct fl_addr *)key.local_ipv6 = peer->local;
	}
	if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), flags) ||
	    write_dst_mac(skb, target->mac))
		return FL_DROP_REDIRECT;
	return send_to(tunnel->ifindex, FL_FORWARD_REMOTE_KERNEL);
}

/* As the kernel's INET_ECN_encapsulate(): the inner field, but a mark is not copied. */
static __always_inline __u8 outer_ecn(__u8 inner)
{
	return inner == ECN_CE ? ECN_ECT_0 : inner;
}

static __always_inline void finish_outer_v4(void *ip_header, const struct fl_hop *hop, __u32 len,
					    __u8 ecn)
{
	struct iphdr *ip = ip_header;
	struct udphdr *udp = (void *)(ip + 1);

	ip->tos |= ecn;
	ip->tot_len = bpf_htons(len);
	ip->check = ~csum_fold((__u64)hop->sum + bpf_htons(ip->tos) + bpf_htons(len));
	udp->len = bpf_htons(len - sizeof(*ip));
}

static __always_inline void finish_outer_v6(void *ip_header, __u32 len, __u8 ecn)
{
	struct ipv6hdr *ip = ip_header;
	struct udphdr *udp = (void *)(ip + 1);
	__u8 *bytes = ip_header;

	bytes[1] |= ecn << 4;
	ip->payload_len = bpf_htons(len - sizeof(*ip));
	udp->len = ip->payload_len;
}

/* outer: a constant, for the verifier. */
static __always_inline enum fl_reason write_outer(struct __sk_buff *skb, const struct packet *pkt,
						  const struct fl_hop *hop, const __u8 *dst_mac,
						  __u32 hash, __u32 outer)
{
	void *data = frame_start(skb);
	struct ethhdr *eth = data + outer;
	__u8 *inner = (void *)(eth + 1);
	struct vxlan_header *vxlan = (void *)eth - sizeof(*vxlan);
	struct udphdr *udp = (void *)vxlan - sizeof(*udp);
	__u8 ecn;

	if ((void *)(inner + 2) > frame_end(skb))
		return FL_DROP_REDIRECT;
	ecn = outer_ecn(pkt->is_v4 ? inner[1] & ECN_MASK : ecn_v6(inner));
	__builtin_memcpy(__builtin_assume_aligned(data, 8),
			 __builtin_assume_aligned(hop->header, 8), outer);
	if (outer == FL_OUTER_V4)
		finish_outer_v4(data + FL_L3_OFF, hop, skb->len - ETH_HLEN, ecn);
	else
		finish_outer_v6(data + FL_L3_OFF, skb->len - ETH_HLEN, ecn);
	udp->source = source_port(hash);
	vxlan->vni = bpf_htonl(pkt->network << 8);
	__builtin_memcpy(eth->h_dest, dst_mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, pkt->mac, ETH_ALEN);
	eth->h_proto = pkt->ethertype;
	return FL_OK;
}

/* Lengths are 16 bits wide; TCP leaves room for headers, an aggregate of datagrams need not. */
static __always_inline int fits_lengths(struct __sk_buff *skb)
{
	return skb->len + FL_OUTER_V4 - ETH_HLEN <= 0xffff;
}

/* 0, or the packet is untouched: an aggregate of something odd, or in a tunnel already. */
static __always_inline long make_room(struct __sk_buff *skb, __u32 outer)
{
	return bpf_skb_adjust_room(skb, outer, BPF_ADJ_ROOM_MAC,
				   FL_ENCAP_FLAGS |
					   (outer == FL_OUTER_V4 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
								 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6));
}

static __always_inline enum fl_reason send_by_hop(struct __sk_buff *skb, struct packet *pkt,
						  const struct fl_forward *target,
						  const struct fl_peer *peer,
						  const struct fl_hop *hop, __u32 hash)
{
	enum fl_reason why;

	if (hop->len == FL_OUTER_V4) {
		if (!fits_lengths(skb) || make_room(skb, FL_OUTER_V4))
			return give_to_kernel(skb, pkt->network, peer, target);
		why = write_outer(skb, pkt, hop, target->mac, hash, FL_OUTER_V4);
	} else {
		if (!fits_lengths(skb) || make_room(skb, FL_OUTER_V6))
			return give_to_kernel(skb, pkt->network, peer, target);
		why = write_outer(skb, pkt, hop, target->mac, hash, FL_OUTER_V6);
	}
	return why ?: send_to(hop->ifindex, FL_FORWARD_REMOTE);
}

static __always_inline enum fl_reason send_remote(struct __sk_buff *skb, struct packet *pkt,
						  const struct fl_forward *target)
{
	__u32 number = target->peer, hash, slot, mtu;
	const struct fl_path_mtu *path = bpf_map_lookup_elem(&fl_path_mtu, &number);
	const struct fl_peer *peer = bpf_map_lookup_elem(&fl_peers, &number);
	const struct fl_hop *hop;
	enum fl_reason why;

	if (!peer || !path || peer->way == FL_PEER_NONE)
		return FL_DROP_NO_PEER;
	if (peer->way != FL_PEER_DIRECT) {
		why = check_kernel_size(skb, pkt, path,
					addr_is_v4(&peer->remote) ? FL_OUTER_V4 : FL_OUTER_V6);
		return why ?: give_to_kernel(skb, pkt->network, peer, target);
	}
	hash = bpf_get_hash_recalc(skb);
	slot = peer->hops[hash % FL_PEER_HOPS];
	hop = bpf_map_lookup_elem(&fl_hops, &slot);
	if (!hop || !hop->len)
		return FL_DROP_NO_PEER;
	mtu = with_path_mtu(pkt, path, hop->mtu, hop->len);
	why = check_tunnel_size(skb, pkt, mtu, hop->len);
	return why ?: send_by_hop(skb, pkt, target, peer, hop, hash);
}

/* Before the sender is told: errors are not told about, so the packet's kind has to be known. */
static __noinline enum fl_reason know_kind(struct __sk_buff *skb, struct packet *pkt,
					   enum fl_reason why)
{
	enum fl_reason bad = parse_l4(skb, pkt);

	return bad ?: why;
}

#endif
