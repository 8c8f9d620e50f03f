/* SPDX-License-Identifier: GPL-2.0-only */
/* A program under measurement, run again and again on one packet (BPF_PROG_TEST_RUN, repeat): the
 * kernel hands each run what the one before has left, so this program calls the other one, and
 * makes the packet what it was.
 *
 * A tail call from a subprogram returns here. The program is the very one that a device gets:
 * nothing is inlined.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "repeat_common.h"

SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return skb->len ? TC_ACT_UNSPEC : TC_ACT_OK;
}

static __noinline int run_program(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &fl_program, 0);
	return no_program();
}

static __noinline int undo(struct __sk_buff *skb)
{
	if (fl_repeat.undo == FL_UNDO_DECAP &&
	    bpf_skb_adjust_room(skb, fl_repeat.outer, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return -1;
	restore((void *)(long)skb->data, (void *)(long)skb->data_end);
	return 0;
}

SEC("tc")
int repeat(struct __sk_buff *skb)
{
	__u64 begin = 0;
	int verdict;

	bpf_get_hash_recalc(skb); /* what a socket sends has one */
	if (fl_repeat.device)
		bpf_skb_pull_data(skb, 0); /* and headers of its own, which a clone has not */
	if (fl_repeat.variants)
		vary((void *)(long)skb->data, (void *)(long)skb->data_end);
	if (fl_repeat.timed)
		begin = bpf_ktime_get_ns();
	verdict = run_program(skb);
	if (fl_repeat.timed)
		add_sample(bpf_ktime_get_ns() - begin);
	fl_state.verdict = verdict;
	if (fl_repeat.device)
		return TC_ACT_SHOT;
	return undo(skb) ? -2 : verdict;
}

/* For what cannot be undone: each run gets a clone, at the egress of a device, where `repeat` is. */
SEC("tc")
int repeat_clones(struct __sk_buff *skb)
{
	bpf_get_hash_recalc(skb);
	return bpf_clone_redirect(skb, fl_repeat.device, 0) < 0 ? -2 : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
