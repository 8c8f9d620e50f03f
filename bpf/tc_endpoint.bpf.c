/* SPDX-License-Identifier: GPL-2.0-only */
/* TC ingress of a container's host-side device: every packet that leaves a container.
 *
 *   find_endpoint -> parse -> answer_arp -> check_source -> check_nd -> limit -> route
 *     route: deliver_local       an endpoint of the network: no state, no rewrite
 *            send_remote         an endpoint of the network on another host: into a tunnel
 *            flood               broadcast, multicast
 *            leave               gateway: ping is answered, a published port translated, the rest is
 *                                the host's; outside: translated; an ICMP error follows the flow that it is about
 *   -> tell_sender               ICMP error for what cannot be delivered
 */
#include "lib/arp.h"
#include "lib/deliver.h"
#include "lib/echo.h"
#include "lib/encap.h"
#include "lib/flood.h"
#include "lib/heal.h"
#include "lib/icmp_error.h"
#include "lib/leave.h"
#include "lib/nat.h"
#include "lib/nd.h"
#include "lib/parse.h"
#include "lib/rate.h"
#include "lib/related.h"
#include "lib/report.h"
#include "lib/rewrite.h"
#include "lib/shortcut.h"

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

static __always_inline enum fl_reason parse(struct __sk_buff *skb, struct packet *pkt,
					    const struct fl_endpoint *ep)
{
	enum fl_reason why = parse_packet(skb, pkt);

	if (why != FL_DROP_TRUNCATED && !mac_equal(pkt->mac, ep->mac))
		return FL_DROP_SPOOFED_MAC;
	if (why || pkt->is_v4 || !is_icmp(pkt))
		return why;
	return parse_l4(skb, pkt); /* neighbour discovery has to be known by its type */
}

static __always_inline enum fl_reason check_source(const struct packet *pkt,
						   const struct fl_endpoint *ep)
{
	if (pkt->is_v4)
		return addr_equal(&pkt->flow.src, &ep->addr4) ? FL_OK : FL_DROP_SPOOFED_SOURCE;
	if (addr_is_none(
		    &pkt->flow.src)) /* multicast listener reports, duplicate address detection */
		return is_icmp(pkt) && addr_is_multicast(&pkt->flow.dst) ? FL_OK
									 : FL_DROP_SPOOFED_SOURCE;
	if (addr_equal(&pkt->flow.src, &ep->addr6) || addr_equal(&pkt->flow.src, &ep->link_local))
		return FL_OK;
	return FL_DROP_SPOOFED_SOURCE;
}

/* Endpoints without a limit pay one look at their flags. */
static __noinline enum fl_reason limit(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct fl_rate *rate = bpf_map_lookup_elem(&fl_rates, &ifindex);

	return rate ? keep_rate(skb, &rate->egress, 0) : FL_OK;
}

/* To none of the network's own addresses, which then need not be looked for. */
static __always_inline int leads_outside(const struct packet *pkt, const struct fl_endpoint *ep)
{
	const struct fl_addr *dst = &pkt->flow.dst;
	__u32 differs = 0;
	int i;

	if (pkt->is_v4)
		return (addr_word(dst, 3) & ep->mask4) != ep->net4;
	if (addr_is_link_local6(dst))
		return 0;
#pragma unroll
	for (i = 0; i < 4; i++)
		differs |= (addr_word(dst, i) ^ addr_word(&ep->net6, i)) & addr_word(&ep->mask6, i);
	return differs != 0;
}

static __always_inline const struct fl_forward *find_target(const struct packet *pkt,
							    const struct fl_endpoint *ep)
{
	struct fl_forward_key key = {.network = pkt->network, .addr = pkt->flow.dst};

	return leads_outside(pkt, ep) ? NULL : bpf_map_lookup_elem(&fl_forward, &key);
}

static __always_inline enum fl_reason deliver_local(struct __sk_buff *skb, const struct packet *pkt,
						    const struct fl_endpoint *ep,
						    const struct fl_forward *target)
{
	if (ep->flags & FL_NET_NO_ICC)
		return FL_DROP_ICC;
	if (ep->flags & FL_NET_SHORTCUT)
		note_handshake(skb, pkt, target->ifindex);
	if (write_dst_mac(skb, target->mac))
		return FL_DROP_REDIRECT;
	return send_into(target->ifindex, target->flags, FL_FORWARD_LOCAL);
}

static __always_inline enum fl_reason deliver_remote(struct __sk_buff *skb, struct packet *pkt,
						     __u32 flags, const struct fl_forward *target)
{
	enum fl_reason why;

	if (flags & FL_NET_NO_ICC)
		return FL_DROP_ICC;
	why = send_remote(skb, pkt, target);
	return has_icmp_error(why) ? know_kind(skb, pkt, why) : why;
}

static __noinline enum fl_reason flood(struct __sk_buff *skb, __u32 network, __u32 flags)
{
	if (!(flags & FL_NET_NO_ICC))
		copy_to_members(skb, network, skb->ifindex);
	bpf_clone_redirect(skb, fl_config.host_ifindex, BPF_F_INGRESS);
	return FL_FORWARD_FLOOD;
}

static __always_inline enum fl_reason forwarded_as(const struct fl_nat *nat)
{
	return nat->kind == FL_NAT_PUBLISHED ? FL_FORWARD_PUBLISHED_REPLY
	       : nat->kind == FL_NAT_ROUTED  ? FL_FORWARD_ROUTED
					     : FL_FORWARD_MASQUERADE;
}

/* What the kernel is asked for a way with. Not on the stack, which is deep below rewrite(). */
static __always_inline struct bpf_fib_lookup *new_fib(void)
{
	struct workspace *w = get_workspace();

	if (w)
		__builtin_memset(&w->fib, 0, sizeof(w->fib));
	return w ? &w->fib : NULL;
}

/* Out of the host, by the way that is asked for here. */
static __noinline enum fl_reason find_way_out(struct __sk_buff *skb, struct packet *pkt,
					      struct fl_nat *nat)
{
	struct bpf_fib_lookup *fib = new_fib();
	__u32 epoch = read_epoch();
	enum fl_reason why;
	int resolved;

	if (!nat || !fib)
		return FL_DROP_NAT_EXHAUSTED; /* for the verifier: callers have checked */
	why = find_flow_route(skb, pkt, nat, fib, &resolved);
	if (why)
		return why;
	if (resolved && !changes_family(pkt, &nat->dst))
		remember_next_hop(nat, epoch, fib);
	why = rewrite(skb, pkt, nat);
	if (why)
		return why;
	return send_by_route(skb, fib, resolved, forwarded_as(nat));
}

/* A packet of a flow: rewritten, and on its way into a container or out of the host. Without a flow, because
 * the LRU took it at once: dropped. */
static __noinline enum fl_reason forward_flow(struct __sk_buff *skb, struct packet *pkt,
					      struct fl_nat *nat)
{
	enum fl_reason why;

	if (!nat)
		return FL_DROP_NAT_EXHAUSTED;
	use_flow(nat, pkt);
	if (nat->kind == FL_NAT_HAIRPIN) {
		why = rewrite(skb, pkt, nat);
		return why ?: send_routed_into(skb, nat, FL_FORWARD_HAIRPIN);
	}
	if (nat->kind == FL_NAT_MOVED) {
		why = rewrite(skb, pkt, nat);
		return why ?: send_to_host(skb, FL_FORWARD_HOST_IN);
	}
	if (!knows_way(nat) || pkt->ttl <= 1 || wire_len(skb, pkt) > nat->mtu)
		return find_way_out(skb, pkt, nat);
	why = rewrite(skb, pkt, nat);
	if (why)
		return why;
	if (write_macs(skb, nat->dst_mac, nat->src_mac))
		return FL_DROP_REDIRECT;
	return send_to(nat->device, forwarded_as(nat));
}

/* An ICMP error about a packet that came to the container by a flow. FL_OK: it is about none. */
static __noinline enum fl_reason forward_related(struct __sk_buff *skb, struct packet *pkt)
{
	struct bpf_fib_lookup *fib = new_fib();
	struct quote quote = {};
	struct fl_nat *nat = find_related(skb, pkt, &quote);
	enum fl_reason why;
	int resolved;

	/* A container answers for itself only: the flow could be its neighbour's. */
	if (!nat || !fib || !addr_equal(&quote.flow.src, &pkt->flow.src))
		return FL_OK;
	if (nat->kind == FL_NAT_HAIRPIN || nat->kind == FL_NAT_MOVED) {
		why = rewrite_related(skb, pkt, &quote, nat);
		if (why)
			return why;
		return nat->kind == FL_NAT_HAIRPIN ? send_routed_into(skb, nat, FL_FORWARD_RELATED)
						   : send_to_host(skb, FL_FORWARD_RELATED);
	}
	why = find_flow_route(skb, pkt, nat, fib, &resolved);
	if (why)
		return why;
	why = rewrite_related(skb, pkt, &quote, nat);
	return why ?: send_by_route(skb, fib, resolved, FL_FORWARD_RELATED);
}

/* A destination that is the host's own. FL_OK: it is a published port, and the flow is made. */
static __always_inline enum fl_reason open_to_host(struct __sk_buff *skb, const struct packet *pkt,
						   __u32 flags)
{
	enum fl_reason why;

	if ((flags & FL_NET_INTERNAL) || pkt->fragment == FRAGMENT_LATER ||
	    !may_be_published(pkt->flow.dport, pkt->flow.proto))
		return send_to_host(skb, FL_FORWARD_HOST_IN);
	why = open_hairpin(skb, pkt);
	return why == FL_PUNT_NOT_OURS ? send_to_host(skb, FL_FORWARD_HOST_IN) : why;
}

/* No flow yet. FL_OK: now there is. */
static __noinline enum fl_reason open_flow(struct __sk_buff *skb, struct packet *pkt, __u32 flags)
{
	__u32 network;

	if (addr_is_martian(&pkt->flow.dst))
		return FL_DROP_MARTIAN;
	if (is_local(&pkt->flow.dst))
		return open_to_host(skb, pkt, flags);
	network = find_network(&pkt->flow.dst);
	if (network && network != pkt->network)
		return FL_DROP_ISOLATED;
	if (network && is_subnet_broadcast(&pkt->flow.dst, network))
		return flood(skb, network, flags);
	if (network || addr_is_link_local6(&pkt->flow.dst))
		return FL_DROP_NO_SUCH_ADDRESS;
	if (pkt->fragment == FRAGMENT_LATER)
		return FL_DROP_FRAGMENT;
	if (is_icmp_error(pkt))
		return FL_DROP_NAT_PROTOCOL; /* about no flow, and it makes none */
	return open_outside(skb, pkt, flags);
}

/* Everything that does not stay between the network's endpoints. */
static __always_inline enum fl_reason leave(struct __sk_buff *skb, struct packet *pkt, __u32 flags,
					    int to_gateway)
{
	struct fl_nat *nat;
	enum fl_reason why;

	why = parse_l4(skb, pkt);
	if (why)
		return why;
	if (to_gateway && !pkt->fragment && is_echo_request(pkt))
		return answer_echo(skb, pkt);
	if (!to_gateway && (flags & FL_NET_INTERNAL) &&
	    find_network(&pkt->flow.dst) != pkt->network)
		return FL_DROP_INTERNAL;

	why = is_icmp_error(pkt) ? forward_related(skb, pkt) : FL_OK;
	if (why)
		return why;
	nat = find_flow(pkt);
	if (nat && nat->kind == FL_NAT_HAIRPIN)
		find_or_forget(pkt, &nat);
	if (!nat) {
		why = to_gateway ? open_to_host(skb, pkt, flags) : open_flow(skb, pkt, flags);
		if (why)
			return why;
		nat = find_flow(pkt);
	}
	return forward_flow(skb, pkt, nat);
}

/* Turns the packet into an ICMP error from the network's gateway, if there is one for this drop. */
static __noinline enum fl_reason tell_sender(struct __sk_buff *skb, const struct packet *pkt,
					     enum fl_reason why)
{
	__u32 network = pkt->network, bytes = skb->len;
	const struct fl_network *net;
	struct fl_addr from;

	net = bpf_map_lookup_elem(&fl_networks, &network);
	if (!net || !may_be_told(pkt))
		return why;
	from = pkt->is_v4 ? net->gateway4 : net->gateway6;
	if (addr_is_none(&from) || make_icmp_error(skb, pkt, why, &from))
		return why;
	count_drop(network, why, bytes);
	return send_back(skb, pkt, FL_FORWARD_ICMP_ERROR);
}

static __always_inline enum fl_reason route(struct __sk_buff *skb, struct packet *pkt,
					    const struct fl_endpoint *ep)
{
	const struct fl_forward *target = find_target(pkt, ep);
	__u32 flags = ep->flags;

	if (target && target->kind == FL_TARGET_LOCAL)
		return deliver_local(skb, pkt, ep, target);
	if (target && target->kind == FL_TARGET_REMOTE)
		return deliver_remote(skb, pkt, flags, target);
	if (addr_is_multicast(&pkt->flow.dst) || addr_is_broadcast(&pkt->flow.dst))
		return flood(skb, pkt->network, flags);
	return leave(skb, pkt, flags, target != NULL);
}

SEC("tc")
int tc_endpoint(struct __sk_buff *skb)
{
	const struct fl_endpoint *ep;
	struct packet pkt = {};
	enum fl_reason why;

	why = find_endpoint(skb, &pkt, &ep);
	if (why)
		return finish(skb, &pkt, why);
	why = parse(skb, &pkt, ep);
	if (why)
		return finish(skb, &pkt, why);
	if (pkt.ethertype == bpf_htons(ETH_P_ARP))
		return finish(skb, &pkt, answer_arp(skb, ep));
	why = check_source(&pkt, ep);
	if (why)
		return finish(skb, &pkt, why);
	why = check_nd(skb, &pkt, ep->flags);
	if (!why && (ep->flags & FL_EP_LIMIT_OUT))
		why = limit(skb);
	if (why)
		return finish(skb, &pkt, why);
	why = route(skb, &pkt, ep);
	if (has_icmp_error(why))
		why = tell_sender(skb, &pkt, why);
	return finish(skb, &pkt, why);
}
