/* SPDX-License-Identifier: GPL-2.0-only */
/* What routers say of the way to another host: "too big" about a tunnel packet of ours (RFC 1191, RFC 8201). */
#ifndef FL_LIB_PATH_MTU_H
#define FL_LIB_PATH_MTU_H

#include "parse.h"
#include "publish.h"
#include "tunnel.h"

/* Less is not believed: the kernel's own bound, and what every IPv6 link must carry. */
#define FL_MIN_PATH_MTU_V4 552
#define FL_MIN_PATH_MTU_V6 1280

/* The error's header, and as much of the packet that it is about as must be in it (RFC 792). */
struct too_big_v4 {
	__u8 type;
	__u8 code;
	__be16 check;
	__be16 unused;
	__be16 mtu;
	struct iphdr ip;
	struct udphdr udp;
};

struct too_big_v6 {
	__u8 type;
	__u8 code;
	__be16 check;
	__be32 mtu;
	struct ipv6hdr ip;
	struct udphdr udp;
};

struct told_mtu {
	struct fl_addr from; /* of the packet that was too big */
	struct fl_addr to;
	__u32 mtu; /* 0: says nothing about a tunnel */
	__be16 port;
};

static __noinline int read_too_big_v4(struct __sk_buff *skb, __u32 off, struct told_mtu *told)
{
	struct too_big_v4 msg;

	if (!told || bpf_skb_load_bytes(skb, off, &msg, sizeof(msg)))
		return 0;
	if (msg.code != FL_ICMP_FRAGMENTATION_NEEDED || msg.ip.version != 4 || msg.ip.ihl != 5 ||
	    msg.ip.protocol != IPPROTO_UDP)
		return 0;
	/* A packet that would have fit was not too big: somebody guesses. */
	if (bpf_ntohs(msg.mtu) >= bpf_ntohs(msg.ip.tot_len) ||
	    bpf_ntohs(msg.mtu) < FL_MIN_PATH_MTU_V4)
		return 0;
	addr_set_v4(&told->from, msg.ip.saddr);
	addr_set_v4(&told->to, msg.ip.daddr);
	told->port = msg.udp.dest;
	told->mtu = bpf_ntohs(msg.mtu);
	return 0;
}

static __noinline int read_too_big_v6(struct __sk_buff *skb, __u32 off, struct told_mtu *told)
{
	struct too_big_v6 msg;

	if (!told || bpf_skb_load_bytes(skb, off, &msg, sizeof(msg)))
		return 0;
	if (msg.ip.version != 6 || msg.ip.nexthdr != IPPROTO_UDP)
		return 0;
	if (bpf_ntohl(msg.mtu) >= sizeof(msg.ip) + bpf_ntohs(msg.ip.payload_len) ||
	    bpf_ntohl(msg.mtu) < FL_MIN_PATH_MTU_V6)
		return 0;
	told->from = *(const struct fl_addr *)&msg.ip.saddr;
	told->to = *(const struct fl_addr *)&msg.ip.daddr;
	told->port = msg.udp.dest;
	told->mtu = bpf_ntohl(msg.mtu);
	return 0;
}

static __always_inline int is_too_big(const struct packet *pkt)
{
	return is_icmp(pkt) && !pkt->fragment &&
	       pkt->icmp_type == (pkt->is_v4 ? ICMP4_UNREACHABLE : ICMP6_TOO_BIG);
}

/* After is_too_big(). FL_PUNT_TUNNEL: it was about a tunnel of ours, and is noted; the host shall learn it too, so that
 * its vxlan device does. */
static __noinline enum fl_reason learn_path_mtu(struct __sk_buff *skb, const struct packet *pkt)
{
	const struct fl_tunnel *tunnel;
	struct told_mtu told = {};
	struct fl_path_mtu *path;
	__u32 zero = 0, number;
	const __u32 *peer;

	tunnel = bpf_map_lookup_elem(&fl_tunnel, &zero);
	if (!tunnel || !tunnel->ifindex)
		return FL_OK;
	if (pkt->is_v4)
		read_too_big_v4(skb, pkt->l4_off, &told);
	else
		read_too_big_v6(skb, pkt->l4_off, &told);
	if (!told.mtu || told.port != tunnel->port || !is_local(&told.from))
		return FL_OK;
	peer = bpf_map_lookup_elem(&fl_vteps, &told.to);
	if (!peer)
		return FL_OK;
	number = *peer;
	path = bpf_map_lookup_elem(&fl_path_mtu, &number);
	if (!path)
		return FL_OK;
	if (!path->mtu || told.mtu <= path->mtu) {
		path->mtu = told.mtu;
		path->since = bpf_ktime_get_coarse_ns();
	}
	return FL_PUNT_TUNNEL;
}

#endif
