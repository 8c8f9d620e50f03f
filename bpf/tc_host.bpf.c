/* SPDX-License-Identifier: GPL-2.0-only */
/* TC egress of fl_host: every packet from the host's stack to an address of a network.
 *
 *   check_origin -> parse -> find_target -> a container
 */
#include "lib/deliver.h"
#include "lib/parse.h"
#include "lib/report.h"
#include "lib/subnet.h"

char LICENSE[] SEC("license") = "GPL";

/* Nobody routes straight into a network, even if the host forwards. */
static __always_inline enum fl_reason check_origin(struct __sk_buff *skb)
{
	if (skb->ingress_ifindex && skb->ingress_ifindex != fl_config.host_ifindex)
		return FL_DROP_DIRECT;
	return FL_OK;
}

static __always_inline const struct fl_forward *find_target(struct packet *pkt)
{
	struct fl_forward_key key = {};

	pkt->network = find_network(&pkt->flow.dst);
	key.network = pkt->network;
	key.addr = pkt->flow.dst;
	return bpf_map_lookup_elem(&fl_forward, &key);
}

static __always_inline enum fl_reason deliver(struct __sk_buff *skb,
					      const struct fl_forward *target)
{
	__u8 mac[ETH_ALEN];

	gateway_mac(mac);
	if (write_macs(skb, target->mac, mac))
		return FL_DROP_REDIRECT;
	return send_to(target->ifindex, FL_FORWARD_HOST_OUT);
}

SEC("tc")
int tc_host(struct __sk_buff *skb)
{
	const struct fl_forward *target;
	struct packet pkt = {};
	enum fl_reason why;

	why = parse_packet(skb, &pkt);
	if (why)
		return finish(skb, &pkt, why);
	why = check_origin(skb);
	if (why)
		return finish(skb, &pkt, why);
	target = find_target(&pkt);
	if (!target || target->kind != FL_TARGET_LOCAL)
		return finish(skb, &pkt, FL_DROP_NO_SUCH_ADDRESS);
	return finish(skb, &pkt, deliver(skb, target));
}
