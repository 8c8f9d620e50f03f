/* SPDX-License-Identifier: GPL-2.0-only */
/* repeat_tc.bpf.c for XDP. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_helpers.h>

#include "repeat_common.h"

SEC("xdp.frags")
int nothing(struct xdp_md *ctx)
{
	return ctx->data == ctx->data_end ? XDP_ABORTED : XDP_PASS;
}

static __noinline int run_program(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &fl_program, 0);
	return no_program();
}

/* What was taken off the front comes back, and the metadata go. */
static __noinline int undo(struct xdp_md *ctx)
{
	int meta = ctx->data - ctx->data_meta;

	if (meta && bpf_xdp_adjust_meta(ctx, meta))
		return -1;
	if (fl_repeat.undo == FL_UNDO_DECAP && bpf_xdp_adjust_head(ctx, -(int)fl_repeat.outer))
		return -1;
	restore((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	return 0;
}

SEC("xdp.frags")
int repeat(struct xdp_md *ctx)
{
	__u64 begin = 0;
	int verdict;

	if (fl_repeat.timed)
		begin = bpf_ktime_get_ns();
	verdict = run_program(ctx);
	if (fl_repeat.timed)
		add_sample(bpf_ktime_get_ns() - begin);
	fl_state.verdict = verdict;
	return undo(ctx) ? -2 : verdict;
}

char LICENSE[] SEC("license") = "GPL";
