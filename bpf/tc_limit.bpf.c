/* SPDX-License-Identifier: GPL-2.0-only */
/* TC egress of the host-side device of a container that has a limit to what it receives: every packet on its way in,
 * whoever sent it there. In front of the device's qdisc, fq, which keeps the departure times.
 *
 *   keep_rate
 *
 * Packets to such a container leave by its device (send_into() of lib/deliver.h) instead of appearing right inside.
 */
#include "lib/config.h" /* every object has it */
#include "lib/rate.h"
#include "lib/report.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int tc_limit(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct fl_rate *rate = bpf_map_lookup_elem(&fl_rates, &ifindex);
	struct packet pkt = {};
	enum fl_reason why;

	if (!rate)
		return TC_ACT_UNSPEC;
	why = keep_rate(skb, &rate->ingress, skb->tstamp);
	if (!why)
		return TC_ACT_UNSPEC; /* counted by whoever sent it */
	pkt.network = rate->ingress.network;
	return finish(skb, &pkt, why);
}
