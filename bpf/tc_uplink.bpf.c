/* SPDX-License-Identifier: GPL-2.0-only */
/* TC ingress of a device that leads outside: every packet to this host.
 *
 *   deliver_decapped             taken out of its tunnel by xdp_uplink
 *   decap                        from another host of the cluster, to a container
 *   parse -> learn_path_mtu -> deliver_related -> check_port -> find the flow, or open one for a published port -> deliver
 *     deliver: ask_host_rules    by way of the host's stack, if its forward rules are to see the flow's first packets
 *   -> tell_client               time exceeded, so that traceroute to a published port works
 *
 * What is not for a container goes up the stack untouched, after a look at its port: one array read. What cannot be
 * parsed as well: it may be the host's.
 */
#include <linux/if_packet.h>

#include "lib/decap.h"
#include "lib/deliver.h"
#include "lib/direct.h"
#include "lib/heal.h"
#include "lib/host_rules.h"
#include "lib/icmp_error.h"
#include "lib/make_flow.h"
#include "lib/other_family.h"
#include "lib/parse.h"
#include "lib/path_mtu.h"
#include "lib/publish.h"
#include "lib/related.h"
#include "lib/report.h"
#include "lib/rewrite.h"
#include "lib/subnet.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline enum fl_reason parse(struct __sk_buff *skb, struct packet *pkt)
{
	/* Seen by a promiscuous device, and another host's. */
	if (skb->pkt_type == PACKET_OTHERHOST)
		return FL_PUNT_NOT_OURS;
	if (parse_packet(skb, pkt) || pkt->ethertype == bpf_htons(ETH_P_ARP) || parse_l4(skb, pkt))
		return FL_PUNT_NOT_OURS;
	return FL_OK;
}

/* Can the destination port be ours? Networks that do not masquerade have flows on any port. */
static __always_inline enum fl_reason check_port(struct packet *pkt)
{
	if (pkt->fragment == FRAGMENT_LATER && !borrow_ports(pkt))
		return FL_OK;
	if (is_echo_reply(pkt) || port_flag(pkt->flow.proto)) {
		if (in_nat_range(pkt->flow.dport) ||
		    may_be_published(pkt->flow.dport, pkt->flow.proto))
			return FL_OK;
	}
	return port_bits(0) & FL_PORT_ROUTED ? FL_OK : FL_PUNT_NOT_OURS;
}

/* Entries of packets that come from outside. With a forged source, others could match too. */
static __always_inline int is_inbound(const struct fl_nat *nat)
{
	if (nat->kind == FL_NAT_PUBLISHED)
		return !(nat->flags & FL_NAT_REPLY);
	return nat->kind != FL_NAT_HAIRPIN && nat->kind != FL_NAT_MOVED &&
	       (nat->flags & FL_NAT_REPLY);
}

/* First packet from a client to a published port. FL_OK: the flow is made. */
static __noinline enum fl_reason open_published(struct __sk_buff *skb, struct packet *pkt)
{
	struct new_flow flow = {};
	const struct fl_port *port;
	struct published found;

	if (addr_is_loopback(&pkt->flow.dst))
		return FL_DROP_MARTIAN;
	if (!find_port(&pkt->flow.dst, pkt->flow.dport, pkt->flow.proto, &found) ||
	    (!found.exact && !is_local(&pkt->flow.dst)))
		return FL_PUNT_NOT_OURS;
	port = found.to;
	pkt->network = port->network;
	if (is_forged(pkt))
		return FL_DROP_MARTIAN;
	if (!may_reach(port->list, &pkt->flow.src))
		return FL_DROP_NOT_ALLOWED;
	if (pkt->ttl <= 1)
		return FL_DROP_TTL;
	if (fl_config.host_rules && changes_family(pkt, &port->addr))
		return FL_DROP_HOST_RULES;

	flow.kind = FL_NAT_PUBLISHED;
	flow.flags = first_flags();
	flow.src = pkt->flow.src;
	flow.dst = port->addr;
	flow.sport = pkt->flow.sport;
	flow.dport = found.port;
	flow.network = port->network;
	flow.ifindex = port->ifindex;
	flow.endpoint = port->ifindex;
	flow.reply_endpoint = port->ifindex;
	return changes_family(pkt, &flow.dst) ? make_flow_of_other_family(skb, pkt, &flow)
					      : make_flow(pkt, &flow);
}

/* No flow yet. FL_OK: now there is. */
static __always_inline enum fl_reason open_flow(struct __sk_buff *skb, struct packet *pkt)
{
	enum fl_reason why = FL_PUNT_NOT_OURS;

	if (pkt->fragment != FRAGMENT_LATER && may_be_published(pkt->flow.dport, pkt->flow.proto))
		why = open_published(skb, pkt);
	if (why == FL_PUNT_NOT_OURS && (port_bits(0) & FL_PORT_ROUTED))
		why = open_direct(pkt);
	return why;
}

static __always_inline enum fl_reason deliver(struct __sk_buff *skb, struct packet *pkt,
					      struct fl_nat *nat, const __u8 *to)
{
	enum fl_reason why;

	if (!is_inbound(nat))
		return FL_PUNT_NOT_OURS;
	pkt->network = nat->network;
	if (!to)
		return FL_DROP_NO_ENDPOINT;
	if (pkt->ttl <= 1)
		return FL_DROP_TTL;
	use_flow(nat, pkt);
	if (must_wait(nat))
		return ask_host_rules(skb, pkt, nat);
	why = rewrite(skb, pkt, nat);
	if (why)
		return why;
	return send_translated_into(skb, nat, to,
				    nat->kind == FL_NAT_PUBLISHED ? FL_FORWARD_PUBLISHED
								  : FL_FORWARD_MASQUERADE_REPLY);
}

/* By its flow, which a packet to a published port opens. */
static __always_inline enum fl_reason enter(struct __sk_buff *skb, struct packet *pkt)
{
	struct fl_nat *nat = find_flow(pkt);
	const __u8 *to = find_or_forget(pkt, &nat);
	enum fl_reason why;

	if (!nat) {
		why = open_flow(skb, pkt);
		if (why)
			return why;
		nat = find_flow(pkt);
		to = nat ? find_receiver(nat) : NULL;
	}
	return nat ? deliver(skb, pkt, nat, to) : FL_DROP_NAT_EXHAUSTED;
}

/* Time exceeded from the address that the packet was sent to, back out of the uplink to the router that it came from. To a
 * container's own address: from the uplink's. */
static __noinline enum fl_reason tell_client(struct __sk_buff *skb, const struct packet *pkt)
{
	__u32 ifindex = skb->ifindex, bytes = skb->len;
	struct fl_addr from = pkt->flow.dst;
	const struct fl_uplink *uplink;
	const struct ethhdr *eth;
	__u8 mac[ETH_ALEN];

	if (!is_local(&from)) {
		uplink = bpf_map_lookup_elem(&fl_uplinks, &ifindex);
		if (!uplink)
			return FL_DROP_TTL;
		from = pkt->is_v4 ? uplink->addr4 : uplink->addr6;
	}
	eth = pull(skb, ETH_HLEN);
	if (!eth || (eth->h_dest[0] & 1) || addr_is_none(&from) || !may_be_told(pkt))
		return FL_DROP_TTL;
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	if (make_icmp_error(skb, pkt, FL_DROP_TTL, &from) || write_macs(skb, pkt->mac, mac))
		return FL_DROP_TTL;
	count_drop(pkt->network, FL_DROP_TTL, bytes);
	return send_to(ifindex, FL_FORWARD_ICMP_ERROR);
}

/* An ICMP error about a packet that a container sent. FL_OK: about none of a flow of ours. */
static __noinline enum fl_reason deliver_related(struct __sk_buff *skb, struct packet *pkt)
{
	struct quote quote = {};
	struct fl_nat *nat = find_related(skb, pkt, &quote);
	enum fl_reason why;

	if (!nat || !is_inbound(nat))
		return FL_OK;
	pkt->network = nat->network;
	if (is_forged(pkt))
		return FL_DROP_MARTIAN;
	if (pkt->ttl <= 1)
		return FL_DROP_TTL;
	why = rewrite_related(skb, pkt, &quote, nat);
	return why ?: send_routed_into(skb, nat, FL_FORWARD_RELATED);
}

SEC("tc")
int tc_uplink(struct __sk_buff *skb)
{
	struct packet pkt = {};
	enum fl_reason why;

	why = deliver_decapped(skb, &pkt);
	if (why)
		return finish(skb, &pkt, why);
	why = decap(skb, &pkt);
	if (why)
		return finish(skb, &pkt, why);
	why = parse(skb, &pkt);
	if (why)
		return finish(skb, &pkt, why);
	why = is_too_big(&pkt) ? learn_path_mtu(skb, &pkt) : FL_OK;
	if (why)
		return finish(skb, &pkt, why);
	why = is_icmp_error(&pkt) ? deliver_related(skb, &pkt) : FL_OK;
	if (why)
		return finish(skb, &pkt, why);
	why = check_port(&pkt);
	if (why)
		return finish(skb, &pkt, why);
	why = enter(skb, &pkt);
	if (why == FL_DROP_TTL)
		why = tell_client(skb, &pkt);
	return finish(skb, &pkt, why);
}
