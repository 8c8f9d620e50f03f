/* SPDX-License-Identifier: GPL-2.0-only */
/* One parsed packet. Only the parser and the rewriter know which address family it is; what is
 * between them works on struct packet.
 */
#ifndef FL_LIB_PACKET_H
#define FL_LIB_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_helpers.h>

#include "addr.h"
#include "shared/nat.h"
#include "shared/reason.h"

/* <linux/icmp.h> drags in <sys/socket.h>, which has no BPF half. Numbers: RFC 792, RFC 4443. */
enum icmp4_type {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_ECHO_REQUEST = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER_PROBLEM = 12,
};

enum icmp6_type {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_ROUTER_SOLICITATION = 133,
	ICMP6_NEIGHBOUR_SOLICITATION = 135,
	ICMP6_NEIGHBOUR_ADVERTISEMENT = 136,
	ICMP6_REDIRECT = 137,
};

#define FL_ICMP_FRAGMENTATION_NEEDED 4 /* code of ICMP4_UNREACHABLE */

/* Where the IP header starts: frames with a VLAN tag are not ours, so it never moves. */
#define FL_L3_OFF ETH_HLEN

#define FL_TTL 64 /* of what we send ourselves, RFC 1700 */

enum packet_fragment {
	FRAGMENT_FIRST = 1, /* has the ports */
	FRAGMENT_LATER = 2, /* has none: ask fl_frags */
};

struct packet {
	struct fl_flow flow; /* as on the wire; ports only after parse_l4() */
	__u32 network; /* 0: not known (yet) */
	__be32 frag_id;
	__u16 l3_len; /* of header and payload, bytes, as the header says; GSO included */
	__u16 l4_off; /* from the start of the frame, bytes */
	__be16 ethertype;
	__u8 is_v4; /* for parse, rewrite and ICMP only */
	__u8 ttl; /* or hop limit */
	__u8 fragment; /* enum packet_fragment, 0: whole */
	__u8 icmp_type; /* ICMP and ICMPv6, after parse_l4() */
	__u8 tcp_flags; /* byte 13 of the TCP header, after parse_l4() */
	__u8 l4_len; /* of the L4 header, bytes, after parse_l4() */
	__u8 mac[6]; /* source MAC */
	__u16 mtu; /* of the next link, bytes, with FL_DROP_TOO_BIG only */
	__u8 is_due; /* 0/1: its flow is to be refreshed, after find_flow() */
};

/* Bounds of the linear part. By hand, because clang 14 loads the 32-bit context fields once, keeps
 * them as integers over a helper call, and the verifier then sees no packet pointer. */
static __always_inline void *frame_start(struct __sk_buff *skb)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(p)
		     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, data)));
	return p;
}

static __always_inline void *frame_end(struct __sk_buff *skb)
{
	void *p;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(p)
		     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, data_end)));
	return p;
}

/* The first len bytes of the frame, made linear if they are not. NULL if the frame is shorter.
 * Invalidates every older pointer into the packet. */
static __always_inline void *pull(struct __sk_buff *skb, __u32 len)
{
	void *data = frame_start(skb);

	if (data + len <= frame_end(skb))
		return data;
	if (bpf_skb_pull_data(skb, len))
		return NULL;
	data = frame_start(skb);
	if (data + len > frame_end(skb))
		return NULL;
	return data;
}

/* Longest possible l4_off, and a bit mask: six extension headers of 2048 bytes. */
#define FL_L4_OFF_MASK 0x3fff

/* pkt->l4_off as the verifier wants it. The compiler knows that it is small and drops a plain '&'; the verifier has seen
 * it go through memory and does not know. */
static __always_inline __u64 l4_offset(const struct packet *pkt)
{
	__u64 off = pkt->l4_off;

	asm volatile("%0 &= %1" : "+r"(off) : "i"(FL_L4_OFF_MASK));
	return off;
}

static __always_inline int mac_equal(const __u8 *a, const __u8 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4] &&
	       a[5] == b[5];
}

static __always_inline int is_icmp(const struct packet *pkt)
{
	return pkt->flow.proto == (pkt->is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static __always_inline int is_echo_request(const struct packet *pkt)
{
	return is_icmp(pkt) &&
	       pkt->icmp_type == (pkt->is_v4 ? ICMP4_ECHO_REQUEST : ICMP6_ECHO_REQUEST);
}

static __always_inline int is_echo_reply(const struct packet *pkt)
{
	return is_icmp(pkt) && pkt->icmp_type == (pkt->is_v4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY);
}

#endif
