/* SPDX-License-Identifier: GPL-2.0-only */
/* How much an endpoint may send and receive. */
#ifndef FL_SHARED_RATE_H
#define FL_SHARED_RATE_H

#include "layout.h"

/* One direction. Times are ns of CLOCK_MONOTONIC, or as long as the limit takes for what they stand for. The programs
 * write paid_until and average, without a lock; the rest the daemon. */
struct fl_limit {
	__u64 rate; /* bit/s, of frames with their Ethernet header; 0: no limit */
	__u64 burst; /* ns: what passes at once after a pause */
	__u64 queue; /* ns: how long a packet may wait at the most */
	__u32 packets; /* how many packets may wait at the most */
	__u32 network; /* for its counter of drops */
	__u64 paid_until; /* when what has passed would be through at that rate */
	__u64 average; /* ns that a packet takes, of the last ones */
	__u64 pad[2]; /* always 0 */
};
FL_LAYOUT(fl_limit, 8 + 8 + 8 + 4 + 4 + 8 + 8 + 2 * 8);

/* Value of map fl_rates; key: ifindex of the host-side device, __u32. For endpoints with a limit only, which
 * FL_EP_LIMIT_OUT and FL_EP_LIMIT_IN tell. */
struct fl_rate {
	struct fl_limit egress; /* what the container sends: by tc_endpoint */
	struct fl_limit ingress; /* what it receives: by tc_limit */
};
FL_LAYOUT(fl_rate, 64 + 64);

#endif
