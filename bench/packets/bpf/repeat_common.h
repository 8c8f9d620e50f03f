/* SPDX-License-Identifier: GPL-2.0-only */
/* What repeat_tc and repeat_xdp have in common. */
#ifndef FL_BENCH_REPEAT_COMMON_H
#define FL_BENCH_REPEAT_COMMON_H

/* clang-format off */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

#include "repeat.h"

const volatile struct fl_repeat fl_repeat = {};
struct fl_repeat_state fl_state;

/* The program that is measured. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} fl_program SEC(".maps");

/* What a tail call to nobody ends in. The compiler must not know that it is a constant: it would take it for what
 * every call returns. */
static __always_inline int no_program(void)
{
	int verdict = -2;

	asm volatile("" : "+r"(verdict));
	return verdict;
}

static __always_inline void add_sample(__u64 ns)
{
	fl_state.samples[fl_state.runs++ & (FL_SAMPLES - 1)] = ns;
}

static __always_inline void restore(void *data, const void *end)
{
	__u64 *frame = data;
	__u32 i;

#pragma unroll
	for (i = 0; i < FL_FRAME_WORDS; i++) {
		if (i < fl_repeat.words && (const void *)(frame + i + 1) <= end)
			frame[i] = fl_state.frame[i];
	}
}

/* The next flow's addresses and ports; its checksums stay as they are: nobody looks whether they
 * are right. */
static __always_inline void vary(void *data, const void *end)
{
	__u32 last4 = fl_repeat.is_v4 ? 0 : 12, l3 = fl_repeat.is_v4 ? 20 : 40, size;
	__u8 *addrs = data + ETH_HLEN + (fl_repeat.is_v4 ? 12 : 8), *ports = data + ETH_HLEN + l3;
	__u32 turn = fl_state.turn;

	size = last4 + sizeof(__be32);
	if (turn >= fl_repeat.variants || turn >= FL_MAX_VARIANTS)
		turn = 0;
	fl_state.turn = turn + 1;
	if ((const void *)(ports + 4) > end)
		return;
	*(__be32 *)(addrs + last4) = fl_state.variants[turn].src;
	*(__be32 *)(addrs + size + last4) = fl_state.variants[turn].dst;
	*(__be16 *)ports = fl_state.variants[turn].sport;
	*(__be16 *)(ports + 2) = fl_state.variants[turn].dport;
}

#endif
