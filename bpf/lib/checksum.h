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

/* A sum of up to 2^32 words that still fits. */
static __always_inline __u32 csum_narrow(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	return sum + (sum >> 32);
}

/* What becomes of a sum over two addresses, source and destination, that lie one behind the other. Of IPv4's, only the
 * last word differs. */
static __always_inline __u32 csum_addrs_v4(const struct fl_addr *before,
					   const struct fl_addr *after)
{
	__u64 sum = (__u64)(__u32)~addr_word(before, 3) + (__u32)~addr_word(before + 1, 3);

	return csum_narrow(sum + addr_word(after, 3) + addr_word(after + 1, 3));
}

static __always_inline __u32 csum_addrs_v6(const struct fl_addr *before,
					   const struct fl_addr *after)
{
	__u64 sum = 0;
	int i;

#pragma unroll
	for (i = 0; i < 8; i++)
		sum += (__u64)(__u32)~addr_word(before, i) + addr_word(after, i);
	return csum_narrow(sum);
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
