/* SPDX-License-Identifier: GPL-2.0-only */
/* Internet checksum (RFC 1071, RFC 1624). Sums are 32 bits wide and not folded, in network order. */
#ifndef FL_LIB_CHECKSUM_H
#define FL_LIB_CHECKSUM_H

#include "packet.h"

static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Sum of whole 32-bit words on the stack, at most 512 bytes. */
static __always_inline __u32 csum_words(void *words, __u32 bytes, __u32 seed)
{
	return bpf_csum_diff(NULL, 0, words, bytes, seed);
}

/* What ICMPv6 sums up besides its own bytes (RFC 8200 8.1); addrs: source, destination. */
static __always_inline __u32 csum_pseudo_v6(struct fl_addr addrs[2], __u32 len, __u8 proto)
{
	__u32 tail[2] = {bpf_htonl(len), bpf_htonl(proto)};

	return csum_words(addrs, 2 * sizeof(*addrs), csum_words(tail, sizeof(tail), 0));
}

/* Of the checksum in the L4 header, bytes. */
#define FL_CSUM_OFF_TCP 16
#define FL_CSUM_OFF_UDP 6
#define FL_CSUM_OFF_ICMP 2

#define FL_CSUM_CHUNK 64

struct csum_walk {
	struct __sk_buff *skb;
	__u32 off;
	__u32 len;
	__u32 sum;
	__u32 failed;
};

static int csum_chunk(__u32 index, void *arg)
{
	struct csum_walk *walk = arg;
	__u32 done = index * FL_CSUM_CHUNK;
	__u8 chunk[FL_CSUM_CHUNK] = {};
	__u32 now = walk->len - done;

	if (now > FL_CSUM_CHUNK)
		now = FL_CSUM_CHUNK;
	/* 1..64, in a form that Linux 6.1 follows: of "!now || now > 64" clang 14 makes one comparison of
	 * now - 1, and 6.1 then takes 0 for possible. */
	now--;
	asm volatile("%0 &= %1" : "+r"(now) : "i"(FL_CSUM_CHUNK - 1));
	now++;
	if (bpf_skb_load_bytes(walk->skb, walk->off + done, chunk, now)) {
		walk->failed = 1;
		return 1;
	}
	walk->sum = csum_words(chunk, sizeof(chunk), walk->sum);
	return 0;
}

/* Sum of bytes [off, off + len) of the packet, linear or not. Fails with -1. By bpf_loop(), because the
 * verifier walks through every turn of a plain loop, for every length. */
static __always_inline long csum_packet(struct __sk_buff *skb, __u32 off, __u32 len)
{
	struct csum_walk walk = {.skb = skb, .off = off, .len = len};

	bpf_loop((len + FL_CSUM_CHUNK - 1) / FL_CSUM_CHUNK, csum_chunk, &walk, 0);
	return walk.failed ? -1 : (long)walk.sum;
}

#endif
