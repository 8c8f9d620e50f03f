/* SPDX-License-Identifier: GPL-2.0-only */
/* TC egress of fl_host: every packet from the host's stack to an address of a network.
 *
 *   parse -> check_origin -> follow_port   of a socket that was led here by a published port: where does it lead now?
 *                         -> deliver       to the endpoint that has the address, or has the port now
 *                         -> flood         broadcast, multicast
 *   -> tell_host                           ICMP error for an address that nobody here has, or a packet too big
 */
#include "lib/deliver.h"
#include "lib/flood.h"
#include "lib/icmp_error.h"
#include "lib/let_in.h"
#include "lib/moved.h"
#include "lib/parse.h"
#include "lib/report.h"
#include "lib/rewrite.h"
#include "lib/subnet.h"

char LICENSE[] SEC("license") = "GPL";

/* Not routed. What a container has sent to the host comes in by fl_host, and its answer may leave in the same skb. */
static __always_inline int is_hosts_own(const struct __sk_buff *skb)
{
	return !skb->ingress_ifindex || skb->ingress_ifindex == fl_config.host_ifindex;
}

/* Nobody routes straight into a network, even if the host forwards; but what tc_uplink has left to the host's
 * forward rules comes back here. */
static __always_inline enum fl_reason check_origin(struct __sk_buff *skb, struct packet *pkt)
{
	if (is_hosts_own(skb))
		return FL_OK;
	return fl_config.host_rules ? let_in(skb, pkt) : FL_DROP_DIRECT;
}

static __always_inline enum fl_reason parse(struct __sk_buff *skb, struct packet *pkt)
{
	enum fl_reason why = parse_packet(skb, pkt);

	if (why)
		return why;
	if (pkt->ethertype == bpf_htons(ETH_P_ARP))
		return FL_DROP_ETHERTYPE; /* fl_host is NOARP */
	pkt->network = find_network(&pkt->flow.dst);
	return FL_OK;
}

/* RFC 1112 6.4, RFC 2464 7; on a NOARP device the kernel writes no broadcast MAC. */
static __always_inline void group_mac(const struct fl_addr *dst, __u8 *mac)
{
	if (!addr_is_multicast(dst)) {
		__builtin_memset(mac, 0xff, ETH_ALEN);
		return;
	}
	mac[0] = 0x33;
	mac[1] = 0x33;
	mac[2] = dst->b[12];
	mac[3] = dst->b[13];
	mac[4] = dst->b[14];
	mac[5] = dst->b[15];
	if (addr_is_v4(dst)) {
		mac[0] = 0x01;
		mac[1] = 0x00;
		mac[2] = 0x5e;
		mac[3] &= 0x7f;
	}
}

/* Into the network that the destination, or else the source, belongs to. */
static __noinline enum fl_reason flood(struct __sk_buff *skb, struct packet *pkt)
{
	__u8 src[ETH_ALEN], dst[ETH_ALEN];

	if (!pkt->network)
		pkt->network = find_network(&pkt->flow.src);
	if (!pkt->network)
		return FL_DROP_MULTICAST_OUTSIDE;
	gateway_mac(src);
	group_mac(&pkt->flow.dst, dst);
	if (write_macs(skb, dst, src))
		return FL_DROP_REDIRECT;
	copy_to_members(skb, pkt->network, 0);
	return FL_FORWARD_FLOOD;
}

/* The route to the network has its MTU, so that the stack fragments; this is for what went by another route.
 * Aggregates are cut to what their sender's peer takes. */
static __always_inline enum fl_reason check_size(struct __sk_buff *skb, struct packet *pkt)
{
	__u32 id = pkt->network;
	const struct fl_network *network = bpf_map_lookup_elem(&fl_networks, &id);

	if (!network || skb->gso_size || pkt->l3_len <= network->mtu)
		return FL_OK;
	pkt->mtu = network->mtu;
	return FL_DROP_TOO_BIG;
}

static __always_inline enum fl_reason deliver(struct __sk_buff *skb, struct packet *pkt)
{
	struct fl_forward_key key = {.network = pkt->network, .addr = pkt->flow.dst};
	const struct fl_forward *target = bpf_map_lookup_elem(&fl_forward, &key);
	__u8 mac[ETH_ALEN];
	enum fl_reason why;

	if (target && target->kind == FL_TARGET_REMOTE)
		return FL_DROP_HOST_TO_REMOTE;
	if (!target || target->kind != FL_TARGET_LOCAL)
		return FL_DROP_NO_SUCH_ADDRESS;
	why = check_size(skb, pkt);
	if (why)
		return why;
	gateway_mac(mac);
	if (write_macs(skb, target->mac, mac))
		return FL_DROP_REDIRECT;
	return send_to(target->ifindex,
		       is_hosts_own(skb) ? FL_FORWARD_HOST_OUT : FL_FORWARD_PUBLISHED);
}

/* To the container that has taken the port over. */
static __noinline enum fl_reason deliver_moved(struct __sk_buff *skb, struct packet *pkt,
					       struct fl_nat *nat)
{
	const __u8 *to = find_receiver(nat);
	__u8 mac[ETH_ALEN];
	enum fl_reason why;

	if (!to)
		return FL_DROP_NO_ENDPOINT;
	pkt->network = nat->network;
	why = check_size(skb, pkt);
	if (why)
		return why;
	use_flow(nat, pkt);
	why = rewrite(skb, pkt, nat);
	if (why)
		return why;
	gateway_mac(mac);
	if (write_macs(skb, to, mac))
		return FL_DROP_REDIRECT;
	return send_to(nat->ifindex, FL_FORWARD_MOVED);
}

/* Host or port unreachable or packet too big, back into the host. From the address itself: a source of the host's own
 * would be dropped as a martian. */
static __noinline enum fl_reason tell_host(struct __sk_buff *skb, const struct packet *pkt,
					   enum fl_reason why)
{
	struct fl_addr from = pkt->flow.dst;
	__u32 bytes = skb->len;
	__u8 mac[ETH_ALEN];

	if (!may_be_told(pkt) || make_icmp_error(skb, pkt, why, &from))
		return why;
	gateway_mac(mac);
	if (write_macs(skb, mac, mac))
		return why;
	count_drop(pkt->network, why, bytes);
	return send_to_host(skb, FL_FORWARD_ICMP_ERROR);
}

static __always_inline int is_group(const struct packet *pkt)
{
	return addr_is_multicast(&pkt->flow.dst) || addr_is_broadcast(&pkt->flow.dst) ||
	       (pkt->network && is_subnet_broadcast(&pkt->flow.dst, pkt->network));
}

SEC("tc")
int tc_host(struct __sk_buff *skb)
{
	struct packet pkt = {};
	struct fl_nat *moved = NULL;
	enum fl_reason why, bad;

	why = parse(skb, &pkt);
	if (why)
		return finish(skb, &pkt, why);
	why = check_origin(skb, &pkt);
	if (why)
		return finish(skb, &pkt, why);
	why = follow_port(skb, &pkt, &moved);
	if (!why)
		why = moved ? deliver_moved(skb, &pkt, moved) : deliver(skb, &pkt);
	if (!has_icmp_error(why))
		return finish(skb, &pkt, why);
	if (why == FL_DROP_NO_SUCH_ADDRESS && is_group(&pkt))
		return finish(skb, &pkt, flood(skb, &pkt));
	bad = parse_l4(skb, &pkt); /* no error about an ICMP error */
	return finish(skb, &pkt, bad ?: tell_host(skb, &pkt, why));
}
