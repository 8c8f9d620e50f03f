/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon tells program collect, and what it answers: context of one run (BPF_PROG_TYPE_SYSCALL). */
#ifndef FL_SHARED_COLLECT_H
#define FL_SHARED_COLLECT_H

#include "layout.h"

/* Idle times, seconds. The later last_seen of a flow's two entries counts. */
struct fl_timeouts {
	__u32 tcp_half_open; /* no handshake yet */
	__u32 tcp_established;
	__u32 tcp_closing; /* FIN in both directions; in one, four times as long */
	__u32 tcp_reset;
	__u32 udp; /* and others: one direction only */
	__u32 udp_answered; /* both */
	__u32 icmp;
};
FL_LAYOUT(fl_timeouts, 7 * 4);

/* Input is written by the daemon before a run, output by the program. */
struct fl_collect {
	__u64 now; /* ns, CLOCK_MONOTONIC_COARSE */
	struct fl_timeouts timeouts;
	__u32 pad; /* always 0 */
	__u64 entries; /* out: looked at, two a flow */
	__u64 flows; /* out: that are left */
	__u64 expired; /* out: flows deleted because they were idle */
	__u64 stale; /* out: flows deleted because their port, address or container is no longer there */
};
FL_LAYOUT(fl_collect, 8 + 7 * 4 + 4 + 8 + 8 + 8 + 8);

#endif
