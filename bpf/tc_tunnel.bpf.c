/* SPDX-License-Identifier: GPL-2.0-only */
/* TC ingress of the kernel's bare vxlan device: tunnel packets that tc_uplink left to the kernel. Nothing of it
 * ever goes up the host's stack. */
#include "lib/config.h"
#include "lib/report.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int tc_tunnel(struct __sk_buff *skb)
{
	struct packet pkt = {};

	if (!fl_config.host_ifindex)
		return finish(skb, &pkt, FL_DROP_VNI);
	return finish(skb, &pkt, FL_DROP_INNER_DESTINATION);
}
