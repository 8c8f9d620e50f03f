/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports and checksum of TCP and UDP, written straight into the packet.
 *
 * bpf_l4_csum_replace() costs some 25 ns a call, mostly for finding out what the checksum field holds. Where the kernel's
 * struct sk_buff can be read (Linux 6.2), we look ourselves: skb->ip_summed. Elsewhere, and where a NIC has summed up
 * the whole packet, it is left to the helper.
 */
#ifndef FL_LIB_REWRITE_DIRECT_H
#define FL_LIB_REWRITE_DIRECT_H

#include <bpf/bpf_core_read.h>

#include "checksum.h"
#include "config.h"

/* CHECKSUM_* of <linux/skbuff.h>. */
enum summed {
	SUMMED_COMPLETE = 2, /* skb->csum covers the packet, and has to hear of changes */
	SUMMED_PARTIAL = 3, /* the field holds the pseudo header's sum, the rest comes later */
};

struct sk_buff___summed {
	__u8 ip_summed : 2;
} __attribute__((preserve_access_index));

extern void *bpf_cast_to_kern_ctx(void *skb) __ksym __weak;

/* The same as inet_proto_csum_replace_by_diff(): addrs and ports are what becomes of the sum over them. 0 in UDP means that
 * there is none, and stays. */
static __always_inline __u16 change_sum(__u16 check, __u32 addrs, __u32 ports, int partial,
					int is_udp)
{
	if (is_udp && !check)
		return 0;
	if (partial)
		check = csum_fold((__u64)check + addrs);
	else
		check = ~csum_fold((__u64)(__u16)~check + addrs + ports);
	return check || !is_udp ? check : 0xffff;
}

/* addrs: what becomes of the sum over both addresses. Answers if it is done; if not, nothing is. */
static __always_inline int rewrite_direct(struct __sk_buff *skb, const struct packet *pkt,
					  const struct fl_nat *nat, __u32 addrs)
{
	__u32 off = pkt->flow.proto == IPPROTO_TCP ? FL_CSUM_OFF_TCP : FL_CSUM_OFF_UDP;
	struct sk_buff___summed *kernel;
	__u32 before, after, ports; /* as they lie in the packet */
	__u8 *l4, summed;

	if (!fl_config.reads_skb)
		return 0;
	kernel = bpf_cast_to_kern_ctx(skb);
	summed = BPF_CORE_READ_BITFIELD(kernel, ip_summed);
	if (summed == SUMMED_COMPLETE)
		return 0;
	l4 = frame_start(skb) + l4_offset(pkt);
	if ((void *)l4 + FL_CSUM_OFF_TCP + sizeof(__u16) > frame_end(skb))
		return 0;
	__builtin_memcpy(&before, &pkt->flow.sport, sizeof(before));
	__builtin_memcpy(&after, &nat->sport, sizeof(after));
	ports = csum_narrow((__u64)(__u32)~before + after);
	*(__u32 *)l4 = after;
	*(__u16 *)(l4 + off) = change_sum(*(__u16 *)(l4 + off), addrs, ports,
					  summed == SUMMED_PARTIAL, pkt->flow.proto == IPPROTO_UDP);
	return 1;
}

#endif
