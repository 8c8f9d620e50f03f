/* SPDX-License-Identifier: GPL-2.0-only */
/* TC ingress of a device that leads outside: every packet to this host.
 *
 *   deliver_decapped             taken out of its tunnel by xdp_uplink
 *   decap                        from another host of the cluster, to a container
 *   parse -> learn_path_mtu -> check_port -> find the flow, or open one for a published port -> deliver
 *
 * What is not for a container goes up the stack untouched, after a look at its port: one array read. What cannot be
 * parsed as well: it may be the host's.
 */
#include <linux/if_packet.h>

#include "lib/decap.h"
#include "lib/deliver.h"
#include "lib/nat.h"
#include "lib/parse.h"
#include "lib/path_mtu.h"
#include "lib/publish.h"
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
	return nat->kind != FL_NAT_HAIRPIN && (nat->flags & FL_NAT_REPLY);
}

/* Nobody outside has such a source, and no wire leads to such a destination: CVE-2020-8558. */
static __always_inline int is_forged(const struct packet *pkt)
{
	return addr_is_martian(&pkt->flow.src) || addr_is_multicast(&pkt->flow.src) ||
	       addr_is_loopback(&pkt->flow.dst) || is_local(&pkt->flow.src) ||
	       find_network(&pkt->flow.src);
}

/* First packet from a client to a published port. FL_OK: the flow is made. */
static __noinline enum fl_reason open_published(struct packet *pkt)
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
	if (addr_is_v4(&port->addr) != pkt->is_v4)
		return FL_PUNT_FAMILY;

	flow.kind = FL_NAT_PUBLISHED;
	flow.src = pkt->flow.src;
	flow.dst = port->addr;
	flow.sport = pkt->flow.sport;
	flow.dport = found.port;
	flow.network = port->network;
	flow.ifindex = port->ifindex;
	flow.endpoint = port->ifindex;
	flow.reply_endpoint = port->ifindex;
	return make_flow(pkt, &flow);
}

/* No flow yet. FL_OK: now there is. */
static __always_inline enum fl_reason open_flow(struct packet *pkt)
{
	if (pkt->fragment != FRAGMENT_LATER && may_be_published(pkt->flow.dport, pkt->flow.proto))
		return open_published(pkt);
	if (port_bits(0) & FL_PORT_ROUTED) {
		pkt->network = find_network(&pkt->flow.dst);
		if (pkt->network)
			return FL_DROP_DIRECT;
	}
	return FL_PUNT_NOT_OURS;
}

static __always_inline enum fl_reason deliver(struct __sk_buff *skb, struct packet *pkt,
					      struct fl_nat *nat)
{
	enum fl_reason why;

	if (!is_inbound(nat))
		return FL_PUNT_NOT_OURS;
	use_flow(nat, pkt);
	pkt->network = nat->network;
	if (pkt->ttl <= 1)
		return FL_DROP_TTL;
	why = rewrite(skb, pkt, nat);
	if (why)
		return why;
	return send_routed_into(skb, nat,
				nat->kind == FL_NAT_PUBLISHED ? FL_FORWARD_PUBLISHED
							      : FL_FORWARD_MASQUERADE_REPLY);
}

SEC("tc")
int tc_uplink(struct __sk_buff *skb)
{
	struct packet pkt = {};
	struct fl_nat *nat;
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
	why = check_port(&pkt);
	if (why)
		return finish(skb, &pkt, why);
	nat = find_flow(&pkt);
	if (!nat) {
		why = open_flow(&pkt);
		if (why)
			return finish(skb, &pkt, why);
		nat = find_flow(&pkt);
	}
	if (!nat)
		return finish(skb, &pkt, FL_DROP_NAT_EXHAUSTED);
	return finish(skb, &pkt, deliver(skb, &pkt, nat));
}
