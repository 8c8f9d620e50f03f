/* SPDX-License-Identifier: GPL-2.0-only */
/* What fl_packets and the programs that it measures with tell each other. */
#ifndef FL_BENCH_REPEAT_H
#define FL_BENCH_REPEAT_H

#include <linux/types.h>

#define FL_SAMPLES 65536 /* a power of 2 */
#define FL_FRAME_WORDS 17 /* of 8 bytes: what programs change lies in these */
#define FL_MAX_VARIANTS 131072

/* How a packet becomes what it was before the program ran. */
enum fl_undo {
	FL_UNDO_NONE = 0, /* it has not moved */
	FL_UNDO_DECAP = 1, /* `outer` bytes come back in front of what was in the tunnel */
};

/* Constants of a run. */
struct fl_repeat {
	__u32 timed; /* 0/1: read the clock around each run of the program */
	__u32 undo; /* enum fl_undo */
	__u32 outer; /* bytes */
	__u32 words; /* of fl_repeat_state.frame that are written back after each run */
	__u32 variants; /* how many of fl_repeat_state.variants are written into the packet, in turn; 0:
                     none */
	__u32 is_v4;
	__u32 device; /* out of which clones are sent, to be measured there; 0: none are */
};

/* What tells packets of many flows apart: the last four bytes of each address, and the ports. */
struct fl_variant {
	__be32 src;
	__be32 dst;
	__be16 sport;
	__be16 dport;
};

struct fl_repeat_state {
	__u64 frame[FL_FRAME_WORDS]; /* how the packet begins */
	__u32 runs; /* so far */
	__s32 verdict; /* of the last one */
	__u32 turn; /* next of variants */
	__u32 samples[FL_SAMPLES]; /* ns, of the latest runs */
	struct fl_variant variants[FL_MAX_VARIANTS];
};

#endif
