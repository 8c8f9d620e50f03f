/* SPDX-License-Identifier: GPL-2.0-only */
/* Last steps of a packet: MACs, and the device it goes to. Each returns the reason it was given, or
 * FL_DROP_REDIRECT.
 */
#ifndef FL_LIB_DELIVER_H
#define FL_LIB_DELIVER_H

#include <linux/pkt_cls.h>

#include "config.h"
#include "maps.h"
#include "packet.h"
#include "way.h"

static __always_inline int write_dst_mac(struct __sk_buff *skb, const __u8 *dst)
{
	struct ethhdr *eth = pull(skb, ETH_HLEN);

	if (!eth)
		return -1;
	__builtin_memcpy(eth->h_dest, dst, ETH_ALEN);
	return 0;
}

static __always_inline int write_macs(struct __sk_buff *skb, const __u8 *dst, const __u8 *src)
{
	struct ethhdr *eth = pull(skb, ETH_HLEN);

	if (!eth)
		return -1;
	__builtin_memcpy(eth->h_dest, dst, ETH_ALEN);
	__builtin_memcpy(eth->h_source, src, ETH_ALEN);
	return 0;
}

/* fl_config is volatile, and memcpy() does not take that. */
static __always_inline void gateway_mac(__u8 *mac)
{
	int i;

#pragma unroll
	for (i = 0; i < ETH_ALEN; i++)
		mac[i] = fl_config.gateway_mac[i];
}

/* Out of a device of the host: a container's from outside of TC ingress, or an uplink. */
static __always_inline enum fl_reason send_to(__u32 ifindex, enum fl_reason done)
{
	return bpf_redirect(ifindex, 0) == TC_ACT_REDIRECT ? done : FL_DROP_REDIRECT;
}

/* Straight into the container behind a host-side device, whose enum fl_endpoint_flags tell whether it is by way of that
 * device: its program and its qdisc keep the limit. TC ingress only. */
static __always_inline enum fl_reason send_into(__u32 ifindex, __u32 flags, enum fl_reason done)
{
	if (flags & FL_EP_LIMIT_IN)
		return send_to(ifindex, done);
	return bpf_redirect_peer(ifindex, 0) == TC_ACT_REDIRECT ? done : FL_DROP_REDIRECT;
}

/* Up the host's stack, as if it had come in by fl_host. */
static __always_inline enum fl_reason send_to_host(struct __sk_buff *skb, enum fl_reason done)
{
	__u8 mac[ETH_ALEN];

	gateway_mac(mac);
	if (write_dst_mac(skb, mac))
		return FL_DROP_REDIRECT;
	return bpf_redirect(fl_config.host_ifindex, BPF_F_INGRESS) == TC_ACT_REDIRECT
		       ? done
		       : FL_DROP_REDIRECT;
}

/* MAC of the container that a flow's packets go to. NULL: it is gone, or has another address: the entry is older than
 * it. */
static __always_inline const __u8 *find_receiver(struct fl_nat *nat)
{
	__u32 epoch = read_epoch(), ifindex = nat->ifindex;
	const struct fl_endpoint *ep;

	if (epoch && nat->epoch == epoch)
		return nat->dst_mac;
	ep = bpf_map_lookup_elem(&fl_endpoints, &ifindex);
	if (!ep || (!addr_equal(&ep->addr4, &nat->dst) && !addr_equal(&ep->addr6, &nat->dst)))
		return NULL;
	remember_receiver(nat, epoch, ep->mac, ep->flags);
	return ep->mac;
}

/* A translated packet into its receiver. */
static __always_inline enum fl_reason send_translated_into(struct __sk_buff *skb,
							   const struct fl_nat *nat, const __u8 *to,
							   enum fl_reason done)
{
	__u8 mac[ETH_ALEN];

	gateway_mac(mac);
	if (write_macs(skb, to, mac))
		return FL_DROP_REDIRECT;
	return send_into(nat->ifindex, nat->receiver_flags, done);
}

static __always_inline enum fl_reason send_routed_into(struct __sk_buff *skb, struct fl_nat *nat,
						       enum fl_reason done)
{
	const __u8 *to = find_receiver(nat);

	return to ? send_translated_into(skb, nat, to, done) : FL_DROP_NO_ENDPOINT;
}

/* Back to where it came from: answers made in place. eth->h_source was checked or is the host's. */
static __always_inline enum fl_reason send_back(struct __sk_buff *skb, const struct packet *pkt,
						enum fl_reason done)
{
	__u8 mac[ETH_ALEN];

	gateway_mac(mac);
	if (write_macs(skb, pkt->mac, mac))
		return FL_DROP_REDIRECT;
	return send_to(skb->ifindex, done);
}

#endif
