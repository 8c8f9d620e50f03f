/* SPDX-License-Identifier: GPL-2.0-only */
/* TC ingress of a container's host-side device: every packet that leaves a container.
 *
 *   find_endpoint -> parse -> check_sender -> answer_arp -> check_source -> find_target
 *     -> another container | the host
 */
#include "lib/arp.h"
#include "lib/deliver.h"
#include "lib/parse.h"
#include "lib/report.h"

char LICENSE[] SEC("license") = "GPL";

/* Fails closed: a device without an entry cannot send. */
static __always_inline enum fl_reason find_endpoint(struct __sk_buff *skb, struct packet *pkt,
						    const struct fl_endpoint **out)
{
	__u32 ifindex = skb->ifindex;

	*out = bpf_map_lookup_elem(&fl_endpoints, &ifindex);
	if (!*out)
		return FL_DROP_NO_ENDPOINT;
	pkt->network = (*out)->network;
	return FL_OK;
}

static __always_inline enum fl_reason check_source(const struct packet *pkt,
						   const struct fl_endpoint *ep)
{
	if (pkt->is_v4)
		return addr_equal(&pkt->flow.src, &ep->addr4) ? FL_OK : FL_DROP_SPOOFED_SOURCE;
	if (addr_is_none(&pkt->flow.src))
		return FL_DROP_SPOOFED_SOURCE;
	if (addr_equal(&pkt->flow.src, &ep->addr6) || addr_equal(&pkt->flow.src, &ep->link_local))
		return FL_OK;
	return FL_DROP_SPOOFED_SOURCE;
}

static __always_inline enum fl_reason
deliver_local(struct __sk_buff *skb, const struct fl_endpoint *ep, const struct fl_forward *target)
{
	if (ep->flags & FL_NET_NO_ICC)
		return FL_DROP_ICC;
	if (write_dst_mac(skb, target->mac))
		return FL_DROP_REDIRECT;
	return send_into(target->ifindex, FL_FORWARD_LOCAL);
}

SEC("tc")
int tc_endpoint(struct __sk_buff *skb)
{
	struct fl_forward_key key = {};
	const struct fl_forward *target;
	const struct fl_endpoint *ep;
	struct packet pkt = {};
	enum fl_reason why;

	why = find_endpoint(skb, &pkt, &ep);
	if (why)
		return finish(skb, &pkt, why);
	why = parse_packet(skb, &pkt);
	if (!mac_equal(pkt.mac, ep->mac))
		return finish(skb, &pkt, why == FL_DROP_TRUNCATED ? why : FL_DROP_SPOOFED_MAC);
	if (why)
		return finish(skb, &pkt, why);
	if (pkt.ethertype == bpf_htons(ETH_P_ARP))
		return finish(skb, &pkt, answer_arp(skb, ep));
	why = check_source(&pkt, ep);
	if (why)
		return finish(skb, &pkt, why);

	key.network = pkt.network;
	key.addr = pkt.flow.dst;
	target = bpf_map_lookup_elem(&fl_forward, &key);
	if (!target)
		return finish(skb, &pkt, FL_DROP_NO_SUCH_ADDRESS);
	if (target->kind == FL_TARGET_LOCAL)
		return finish(skb, &pkt, deliver_local(skb, ep, target));
	return finish(skb, &pkt, send_to_host(skb, FL_FORWARD_HOST_IN));
}
