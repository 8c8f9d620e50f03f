/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv6 neighbour discovery (RFC 4861): solicitations are answered here, and nothing of it is forwarded, so that
 * no container can change its neighbours' caches, routes or addresses.
 */
#ifndef FL_LIB_ND_H
#define FL_LIB_ND_H

#include <linux/ipv6.h>

#include "checksum.h"
#include "deliver.h"

#define FL_ND_HOP_LIMIT 255
#define FL_ND_OPT_TARGET_MAC 2
#define FL_ND_ROUTER 0x80000000
#define FL_ND_SOLICITED 0x40000000
#define FL_ND_OVERRIDE 0x20000000

/* Solicitation without its options; advertisement with the one that we send. */
struct nd_message {
	__u8 type;
	__u8 code;
	__be16 check;
	__be32 flags;
	struct fl_addr target;
	__u8 opt_type;
	__u8 opt_len; /* in units of 8 bytes */
	__u8 opt_mac[ETH_ALEN];
};

#define FL_ND_SOLICITATION_LEN 24
#define FL_ND_OFF (FL_L3_OFF + sizeof(struct ipv6hdr))

static __always_inline enum fl_reason
write_advertisement(struct __sk_buff *skb, const struct packet *pkt, struct nd_message *msg)
{
	struct fl_addr addrs[2] = {msg->target, pkt->flow.src};
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = bpf_htons(sizeof(*msg)),
		.nexthdr = IPPROTO_ICMPV6,
		.hop_limit = FL_ND_HOP_LIMIT,
	};

	msg->check = ~csum_fold(
		csum_words(msg, sizeof(*msg), csum_pseudo_v6(addrs, sizeof(*msg), IPPROTO_ICMPV6)));
	*(struct fl_addr *)&ip.saddr = addrs[0];
	*(struct fl_addr *)&ip.daddr = addrs[1];
	if (bpf_skb_change_tail(skb, FL_ND_OFF + sizeof(*msg), 0) ||
	    bpf_skb_store_bytes(skb, FL_L3_OFF, &ip, sizeof(ip), 0) ||
	    bpf_skb_store_bytes(skb, FL_ND_OFF, msg, sizeof(*msg), 0))
		return FL_DROP_REDIRECT;
	if (write_macs(skb, pkt->mac, msg->opt_mac))
		return FL_DROP_REDIRECT;
	return send_to(skb->ifindex, FL_FORWARD_ND);
}

static __noinline enum fl_reason answer_solicitation(struct __sk_buff *skb,
						     const struct packet *pkt, __u32 network_flags)
{
	struct fl_forward_key key = {.network = pkt->network};
	const struct fl_forward *target;
	struct nd_message msg = {};

	/* RFC 4861 7.1.1: else it came from somewhere else, or wants to confuse. */
	if (pkt->ttl != FL_ND_HOP_LIMIT || pkt->l4_off != FL_ND_OFF || pkt->fragment)
		return FL_DROP_ND;
	if (bpf_skb_load_bytes(skb, FL_ND_OFF, &msg, FL_ND_SOLICITATION_LEN))
		return FL_DROP_TRUNCATED;
	if (msg.code)
		return FL_DROP_ND;
	key.addr = msg.target;
	target = bpf_map_lookup_elem(&fl_forward, &key);
	if (!target)
		return FL_DROP_NO_SUCH_ADDRESS;
	if (target->kind != FL_TARGET_GATEWAY && (network_flags & FL_NET_NO_ICC))
		return FL_DROP_ICC;

	msg.type = ICMP6_NEIGHBOUR_ADVERTISEMENT;
	msg.check = 0;
	msg.flags = bpf_htonl(FL_ND_SOLICITED | FL_ND_OVERRIDE);
	msg.opt_type = FL_ND_OPT_TARGET_MAC;
	msg.opt_len = 1;
	__builtin_memcpy(msg.opt_mac, target->mac, ETH_ALEN);
	if (target->kind == FL_TARGET_GATEWAY) {
		msg.flags |= bpf_htonl(FL_ND_ROUTER);
		gateway_mac(msg.opt_mac);
	}
	return write_advertisement(skb, pkt, &msg);
}

/* Every ICMPv6 packet, with its source already checked. FL_OK: not neighbour discovery. */
static __always_inline enum fl_reason check_nd(struct __sk_buff *skb, const struct packet *pkt,
					       __u32 network_flags)
{
	if (pkt->is_v4 || !is_icmp(pkt) || pkt->fragment == FRAGMENT_LATER)
		return FL_OK;
	if (pkt->icmp_type < ICMP6_ROUTER_SOLICITATION || pkt->icmp_type > ICMP6_REDIRECT)
		return FL_OK;
	if (pkt->icmp_type != ICMP6_NEIGHBOUR_SOLICITATION)
		return FL_DROP_ND;
	if (addr_is_none(&pkt->flow.src))
		return FL_DROP_DUPLICATE_ADDRESS_PROBE;
	return answer_solicitation(skb, pkt, network_flags);
}

#endif
