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

#endif
