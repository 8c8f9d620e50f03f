/* SPDX-License-Identifier: GPL-2.0-only */
/* ARP (RFC 826) is answered here and never forwarded, so nobody can poison a neighbour. */
#ifndef FL_LIB_ARP_H
#define FL_LIB_ARP_H

#include "deliver.h"

#define FL_ARP_HTYPE_ETHERNET 1
#define FL_ARP_REQUEST 1
#define FL_ARP_REPLY 2

struct arp_frame {
	struct ethhdr eth;
	__be16 htype;
	__be16 ptype;
	__u8 hlen;
	__u8 plen;
	__be16 oper;
	__u8 sha[ETH_ALEN];
	__be32 spa;
	__u8 tha[ETH_ALEN];
	__be32 tpa;
} __attribute__((packed));

static __always_inline enum fl_reason check_arp(const struct arp_frame *arp,
						const struct fl_endpoint *ep)
{
	__be32 own = addr_word(&ep->addr4, 3);

	if (arp->htype != bpf_htons(FL_ARP_HTYPE_ETHERNET) || arp->ptype != bpf_htons(ETH_P_IP) ||
	    arp->hlen != ETH_ALEN || arp->plen != 4)
		return FL_DROP_ETHERTYPE;
	if (!mac_equal(arp->sha, ep->mac))
		return FL_DROP_SPOOFED_MAC;
	if (arp->spa && arp->spa != own)
		return FL_DROP_SPOOFED_SOURCE;
	if (arp->oper != bpf_htons(FL_ARP_REQUEST))
		return FL_DROP_ND;
	if (arp->tpa == own)
		return FL_DROP_DUPLICATE_ADDRESS_PROBE;
	return FL_OK;
}

static __noinline int answer_arp(struct __sk_buff *skb, const struct fl_endpoint *ep)
{
	struct fl_forward_key key = {};
	const struct fl_forward *target;
	struct arp_frame *arp;
	enum fl_reason why;
	__be32 asked;

	if (!ep)
		return FL_DROP_NO_ENDPOINT; /* for the verifier: a subprogram forgets the check */
	arp = pull(skb, sizeof(*arp));
	if (!arp)
		return FL_DROP_TRUNCATED;
	why = check_arp(arp, ep);
	if (why)
		return why;

	key.network = ep->network;
	addr_set_v4(&key.addr, arp->tpa);
	target = bpf_map_lookup_elem(&fl_forward, &key);
	if (!target)
		return FL_DROP_NO_SUCH_ADDRESS;
	if (target->kind != FL_TARGET_GATEWAY && (ep->flags & FL_NET_NO_ICC))
		return FL_DROP_ICC;

	__builtin_memcpy(arp->eth.h_dest, ep->mac, ETH_ALEN);
	if (target->kind == FL_TARGET_GATEWAY)
		gateway_mac(arp->eth.h_source);
	else
		__builtin_memcpy(arp->eth.h_source, target->mac, ETH_ALEN);
	arp->oper = bpf_htons(FL_ARP_REPLY);
	asked = arp->tpa;
	arp->tpa = arp->spa;
	arp->spa = asked;
	__builtin_memcpy(arp->tha, ep->mac, ETH_ALEN);
	__builtin_memcpy(arp->sha, arp->eth.h_source, ETH_ALEN);
	return send_to(skb->ifindex, FL_FORWARD_ARP);
}

#endif
