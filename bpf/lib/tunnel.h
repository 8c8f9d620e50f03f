/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet from another host, in its tunnel (VXLAN, RFC 7348): what it says of itself, and whether that is to
 * be believed. The same for every hook, so it works on bounds, not on a context.
 */
#ifndef FL_LIB_TUNNEL_H
#define FL_LIB_TUNNEL_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "checksum.h"
#include "parse_v4.h"
#include "publish.h"

#define FL_VXLAN_HAS_VNI 0x08000000 /* the only flag; what is reserved is ignored */

struct vxlan_header {
	__be32 flags;
	__be32 vni; /* upper 24 bits */
};

/* What is around the inner IP packet, but for the outer IP header. */
#define FL_TUNNEL_UDP_LEN (sizeof(struct udphdr) + sizeof(struct vxlan_header) + ETH_HLEN)

/* RFC 3168, the low bits of TOS and traffic class. */
enum ecn {
	ECN_NOT_ECT = 0,
	ECN_ECT_1 = 1,
	ECN_ECT_0 = 2,
	ECN_CE = 3,
	ECN_MASK = 3,
};

struct tunnelled {
	struct fl_addr from; /* outer addresses */
	struct fl_addr to;
	struct fl_forward_key src; /* inner addresses; network: VNI */
	struct fl_forward_key dst;
	__be16 ethertype; /* inner */
	__u16 udp_len; /* as the UDP header says */
	__u16 inner_len; /* of the IP packet, as its header says */
	__u8 proto; /* inner; of an IPv6 packet what comes first */
	__u8 outer_ecn;
	__u8 inner_ecn;
	__u8 outer_v4;
	__u8 inner_v4;
};

/* Bytes in front of the inner IP packet, FL_OUTER_V4 or FL_OUTER_V6, if the frame is UDP to the tunnel's port
 * (network byte order), whole and without IP options; else 0. */
static __always_inline __u32 outer_len(const void *data, const void *end, __be16 port)
{
	const struct ethhdr *eth = data;
	const struct iphdr *v4 = data + FL_L3_OFF;
	const struct ipv6hdr *v6 = data + FL_L3_OFF;
	const struct udphdr *udp = (const void *)(v4 + 1);

	if ((const void *)(udp + 1) > end)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if (v4->protocol != IPPROTO_UDP || udp->dest != port || v4->version != 4 ||
		    v4->ihl != 5 || (v4->frag_off & bpf_htons(FL_IP_MORE_FRAGMENTS | FL_IP_OFFSET)))
			return 0;
		return FL_OUTER_V4;
	}
	udp = (const void *)(v6 + 1);
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || (const void *)(udp + 1) > end)
		return 0;
	return v6->nexthdr == IPPROTO_UDP && udp->dest == port && v6->version == 6 ? FL_OUTER_V6
										   : 0;
}

static __always_inline enum fl_reason read_inner_v4(const void *ip_header, const void *end,
						    struct tunnelled *t)
{
	const struct iphdr *ip = ip_header;

	if ((const void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5 ||
	    bpf_ntohs(ip->tot_len) < ip->ihl * 4)
		return FL_DROP_TRUNCATED;
	t->inner_v4 = 1;
	t->inner_len = bpf_ntohs(ip->tot_len);
	t->inner_ecn = ip->tos & ECN_MASK;
	t->proto = ip->protocol;
	addr_set_v4(&t->src.addr, ip->saddr);
	addr_set_v4(&t->dst.addr, ip->daddr);
	return FL_OK;
}

static __always_inline __u8 ecn_v6(const void *ip)
{
	return ((const __u8 *)ip)[1] >> 4 & ECN_MASK;
}

static __always_inline enum fl_reason read_inner_v6(const void *ip_header, const void *end,
						    struct tunnelled *t)
{
	const struct ipv6hdr *ip = ip_header;
	__u32 len;

	if ((const void *)(ip + 1) > end || ip->version != 6)
		return FL_DROP_TRUNCATED;
	len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (len > 0xffff)
		return FL_DROP_TRUNCATED;
	t->inner_len = len;
	t->inner_ecn = ecn_v6(ip);
	t->proto = ip->nexthdr;
	t->src.addr = *(const struct fl_addr *)&ip->saddr;
	t->dst.addr = *(const struct fl_addr *)&ip->daddr;
	/* On the wire, a mapped address would pass for IPv4 in every map. */
	if (addr_is_v4(&t->src.addr) || addr_is_v4(&t->dst.addr))
		return FL_DROP_MARTIAN;
	return FL_OK;
}

/* outer: a constant, for the verifier. FL_PUNT_NOT_OURS: no VXLAN; else with the VNI read, what is wrong inside. */
static __always_inline enum fl_reason read_tunnelled(const void *data, const void *end, __u32 outer,
						     struct tunnelled *t)
{
	const struct iphdr *v4 = data + FL_L3_OFF;
	const struct ipv6hdr *v6 = data + FL_L3_OFF;
	const struct ethhdr *eth = data + outer;
	const struct vxlan_header *vxlan = (const void *)eth - sizeof(*vxlan);
	const struct udphdr *udp = (const void *)vxlan - sizeof(*udp);

	if ((const void *)eth > end || !(vxlan->flags & bpf_htonl(FL_VXLAN_HAS_VNI)))
		return FL_PUNT_NOT_OURS;
	if (outer == FL_OUTER_V4) {
		t->outer_v4 = 1;
		t->outer_ecn = v4->tos & ECN_MASK;
		addr_set_v4(&t->from, v4->saddr);
		addr_set_v4(&t->to, v4->daddr);
	} else {
		t->outer_ecn = ecn_v6(v6);
		t->from = *(const struct fl_addr *)&v6->saddr;
		t->to = *(const struct fl_addr *)&v6->daddr;
		if (addr_is_v4(&t->from) || addr_is_v4(&t->to))
			return FL_PUNT_NOT_OURS;
	}
	t->udp_len = bpf_ntohs(udp->len);
	t->src.network = bpf_ntohl(vxlan->vni) >> 8;
	t->dst.network = t->src.network;
	if ((const void *)(eth + 1) > end)
		return FL_DROP_TRUNCATED;
	t->ethertype = eth->h_proto;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return read_inner_v4(eth + 1, end, t);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return read_inner_v6(eth + 1, end, t);
	return FL_DROP_ETHERTYPE;
}

/* Of a packet that is no aggregate: each header's payload fits into what is around it. frame: bytes. */
static __always_inline int lengths_fit(const struct tunnelled *t, __u32 outer, __u32 frame)
{
	return t->inner_len + FL_TUNNEL_UDP_LEN <= t->udp_len &&
	       outer + ETH_HLEN - FL_TUNNEL_UDP_LEN + t->udp_len <= frame;
}

static __always_inline int is_member(__u32 network, __u32 peer)
{
	struct fl_vni_member key = {.network = network, .peer = peer};

	return bpf_map_lookup_elem(&fl_vni_members, &key) != NULL;
}

/* A packet that did not come straight from the address its inner source is known by. FL_OK: from another one of the same
 * peer. Only what is counted for a network that exists has its number in *network, so that forgers do not
 * fill the counters. */
static __noinline enum fl_reason judge(const struct tunnelled *t, __u32 source_peer, __u32 *network)
{
	__u32 vni = t->src.network;
	int known = bpf_map_lookup_elem(&fl_networks, &vni) != NULL;
	const __u32 *peer = bpf_map_lookup_elem(&fl_vteps, &t->from);

	if (!is_local(&t->to))
		return FL_PUNT_NOT_OURS;
	*network = known ? vni : 0;
	if (!peer)
		return known ? FL_DROP_VTEP : FL_PUNT_TUNNEL; /* another overlay on the same port */
	if (*peer == source_peer)
		return FL_OK;
	return known && is_member(vni, *peer) ? FL_DROP_INNER_SOURCE : FL_DROP_VNI;
}

/* Whom the packet is for, and who sent it: entries of fl_forward. */
struct believed {
	const struct fl_forward *src;
	const struct fl_forward *dst;
};

/* bad: what read_tunnelled() said. FL_OK: both ends are valid, and the packet may be delivered. FL_PUNT_NOT_OURS: not
 * to this host. */
static __always_inline enum fl_reason believe(const struct tunnelled *t, enum fl_reason bad,
					      struct believed *ends, __u32 *network)
{
	const struct fl_forward *src = NULL, *dst;
	const struct fl_peer *peer = NULL;
	enum fl_reason why;
	__u32 number = 0;

	if (!bad)
		src = bpf_map_lookup_elem(&fl_forward, &t->src);
	if (src && src->kind == FL_TARGET_REMOTE) {
		number = src->peer;
		peer = bpf_map_lookup_elem(&fl_peers, &number);
	}
	*network = t->src.network;
	/* Mostly proven by the peer's own entry, which costs less than asking fl_vteps and fl_local. */
	if (!peer || !addr_equal(&peer->remote, &t->from) || !addr_equal(&peer->local, &t->to)) {
		why = judge(t, number, network);
		if (why)
			return bad && why == FL_DROP_INNER_SOURCE ? bad : why;
	}
	dst = bpf_map_lookup_elem(&fl_forward, &t->dst);
	if (!src || !dst || dst->kind != FL_TARGET_LOCAL)
		return FL_DROP_INNER_DESTINATION;
	if (dst->flags & FL_NET_NO_ICC)
		return FL_DROP_ICC;
	ends->src = src;
	ends->dst = dst;
	return FL_OK;
}

/* RFC 6040 4.2: what the inner field becomes; ECN_MASK + 1: the packet has to be dropped. */
static __always_inline __u8 merge_ecn(__u8 inner, __u8 outer)
{
	if (outer == ECN_CE)
		return inner == ECN_NOT_ECT ? ECN_MASK + 1 : ECN_CE;
	if (outer == ECN_ECT_1 && inner == ECN_ECT_0)
		return ECN_ECT_1;
	return inner;
}

/* Writes the field of an IP header, of which the caller knows that 20 bytes are there. Returns what that adds to a
 * sum over the packet. */
static __always_inline __u32 write_ecn(void *ip_header, int is_v4, __u8 before, __u8 after)
{
	struct iphdr *ip = ip_header;
	__u8 *bytes = ip_header;
	__u16 old;

	if (is_v4) {
		old = bpf_htons(ip->tos);
		ip->tos = (ip->tos & ~ECN_MASK) | after;
		ip->check = ~csum_fold((__u64)(__u16)~ip->check + (__u16)~old + bpf_htons(ip->tos));
		return 0;
	}
	bytes[1] = (bytes[1] & ~(ECN_MASK << 4)) | after << 4;
	return (__u16)~bpf_htons(before << 4) + bpf_htons(after << 4);
}

#endif
