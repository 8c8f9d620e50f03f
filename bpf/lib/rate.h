/* SPDX-License-Identifier: GPL-2.0-only */
/* Rate limits: when may a packet leave, or may it not?
 *
 * Each packet takes its time at the rate, one after the other (the virtual scheduling of ITU-T I.371, as departure times).
 * Up to a burst ahead of the clock it leaves at once. Beyond that it gets its departure time, which fq keeps, where
 * there is one on its way; where there is none, it leaves now. Either way, whoever is further ahead than what
 * may wait is dropped, and takes no time: so the rate is right with fq and without.
 */
#ifndef FL_LIB_RATE_H
#define FL_LIB_RATE_H

#include <bpf/bpf_endian.h>

#include "maps.h"
#include "packet.h"

#define FL_NS_PER_SECOND 1000000000ULL

static __always_inline __u8 byte_at(struct __sk_buff *skb, __u32 off)
{
	__u8 byte = 0;

	bpf_skb_load_bytes(skb, off, &byte, sizeof(byte));
	return byte;
}

/* Bytes in front of the payload of each segment; of what we cannot read, none that count. */
static __always_inline __u32 headers_len(struct __sk_buff *skb)
{
	__u32 off = FL_L3_OFF;
	__u8 proto;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		proto = byte_at(skb, FL_L3_OFF + 9);
		off += (byte_at(skb, FL_L3_OFF) & 0xf) * 4;
	} else {
		proto = byte_at(skb, FL_L3_OFF + 6);
		off += 40;
	}
	if (proto == IPPROTO_TCP)
		return off + (byte_at(skb, off + 12) >> 4) * 4;
	return proto == IPPROTO_UDP ? off + 8 : off;
}

/* Bytes of all frames that an aggregate becomes on a wire. */
static __noinline __u32 wire_bytes(struct __sk_buff *skb)
{
	__u32 size = skb->gso_size, len = skb->len, headers, segments;

	if (!size)
		return len;
	headers = headers_len(skb);
	if (len <= headers + size)
		return len;
	segments = (len - headers + size - 1) / size;
	return len + (segments - 1) * headers;
}

/* After a pause, another CPU may be about to say the same: then one packet is free. Otherwise nobody's time is lost. */
static __always_inline void take_time(struct fl_limit *limit, __u64 now, __u64 takes, __u64 ahead)
{
	if (ahead)
		__sync_fetch_and_add(&limit->paid_until, takes);
	else
		limit->paid_until = now + takes;
}

/* What may wait: not longer than the limit says, and no more packets than fq would take of one flow. */
static __always_inline __u64 longest_wait(struct fl_limit *limit, __u64 takes)
{
	__u64 average = limit->average, most;

	average = average ? average - (average >> 4) + (takes >> 4) : takes;
	limit->average = average;
	most = average * limit->packets;
	return most < limit->queue ? most : limit->queue;
}

/* FL_OK: the packet may go on. not_before: a departure time that it has already, or 0. */
static __noinline enum fl_reason keep_rate(struct __sk_buff *skb, struct fl_limit *limit,
					   __u64 not_before)
{
	__u64 now, takes, paid, ahead, wait;

	if (!limit || !limit->rate)
		return FL_OK;
	now = bpf_ktime_get_ns();
	takes = wire_bytes(skb) * 8 * FL_NS_PER_SECOND / limit->rate;
	paid = limit->paid_until;
	ahead = paid > now ? paid - now : 0;
	wait = ahead > limit->burst ? ahead - limit->burst : 0;
	if (wait > longest_wait(limit, takes))
		return FL_DROP_RATE;
	take_time(limit, now, takes, ahead);
	if (wait && now + wait > not_before)
		bpf_skb_set_tstamp(skb, now + wait, BPF_SKB_TSTAMP_DELIVERY_MONO);
	return FL_OK;
}

#endif
