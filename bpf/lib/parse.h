/* SPDX-License-Identifier: GPL-2.0-only */
/* Frame to struct packet, in two steps: addresses, which every packet needs, and ports, which only
 * translated ones do.
 */
#ifndef FL_LIB_PARSE_H
#define FL_LIB_PARSE_H

#include "parse_v4.h"
#include "parse_v6.h"

/* Ethernet and IP. FL_OK also for ARP, with nothing but ethertype and mac set. */
static __always_inline enum fl_reason parse_packet(struct __sk_buff *skb, struct packet *pkt)
{
	void *data = pull(skb, ETH_HLEN);
	const struct ethhdr *eth = data;

	if (!data)
		return FL_DROP_TRUNCATED;
	pkt->ethertype = eth->h_proto;
	__builtin_memcpy(pkt->mac, eth->h_source, ETH_ALEN);
	if (skb->vlan_present)
		return FL_DROP_ETHERTYPE;
	switch (pkt->ethertype) {
	case bpf_htons(ETH_P_IP):
		return parse_v4(skb, pkt);
	case bpf_htons(ETH_P_IPV6):
		return parse_v6(skb, pkt);
	case bpf_htons(ETH_P_ARP):
		return FL_OK;
	default:
		return FL_DROP_ETHERTYPE;
	}
}

/* Length of the L4 header that must be there, bytes; 0: a protocol that we do not look into. */
static __always_inline __u8 min_l4_len(const struct packet *pkt)
{
	if (pkt->flow.proto == IPPROTO_TCP)
		return 20;
	if (pkt->flow.proto == IPPROTO_UDP || pkt->flow.proto == IPPROTO_SCTP || is_icmp(pkt))
		return 8;
	return 0;
}

static __always_inline void read_l4(struct packet *pkt, const __u8 *l4)
{
	const __be16 *words = (const void *)l4;

	if (is_icmp(pkt)) {
		pkt->icmp_type = l4[0];
		if (is_echo_request(pkt) || is_echo_reply(pkt)) {
			pkt->flow.sport = words[2]; /* identifier */
			pkt->flow.dport = words[2];
		}
		return;
	}
	pkt->flow.sport = words[0];
	pkt->flow.dport = words[1];
}

/* Ports, ICMP type and TCP flags of whole packets and first fragments. Protocols without ports, and
 * ICMP other than echo, get ports 0. */
static __always_inline enum fl_reason parse_l4(struct __sk_buff *skb, struct packet *pkt)
{
	__u64 off = l4_offset(pkt);
	__u8 *l4;
	void *end;

	pkt->l4_len = min_l4_len(pkt);
	if (!pkt->l4_len || pkt->fragment == FRAGMENT_LATER)
		return FL_OK;
	if (off + pkt->l4_len > FL_L3_OFF + (pkt->l3_len ?: 0xffffULL))
		return FL_DROP_TRUNCATED; /* what follows is padding */
	l4 = frame_start(skb) + off;
	end = frame_end(skb);
	if ((void *)l4 + pkt->l4_len > end) {
		if (bpf_skb_pull_data(skb, off + pkt->l4_len))
			return FL_DROP_TRUNCATED;
		l4 = frame_start(skb) + off;
		end = frame_end(skb);
	}
	if ((void *)l4 + 8 > end)
		return FL_DROP_TRUNCATED;
	read_l4(pkt, l4);
	if (pkt->flow.proto == IPPROTO_TCP) {
		if ((void *)l4 + 20 > end)
			return FL_DROP_TRUNCATED;
		pkt->l4_len = (l4[12] >> 4) * 4;
		pkt->tcp_flags = l4[13];
	}
	return FL_OK;
}

#endif
