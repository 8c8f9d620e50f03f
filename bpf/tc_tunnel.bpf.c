/* SPDX-License-Identifier: GPL-2.0-only */
/* TC ingress of the kernel's bare vxlan device: tunnel packets that tc_uplink left to the kernel, because they were
 * fragments or aggregates of datagrams. The kernel has taken them out of their tunnel, and has merged the ECN fields.
 *
 *   read_key -> parse -> believe -> deliver
 *
 * The same checks as in tc_uplink. Nothing from here ever goes up the host's stack.
 */
#include "lib/decap.h"
#include "lib/parse.h"
#include "lib/report.h"

char LICENSE[] SEC("license") = "GPL";

/* The outer addresses and the VNI, as the kernel remembers them. */
static __always_inline enum fl_reason read_key(struct __sk_buff *skb, struct tunnelled *t)
{
	struct bpf_tunnel_key key = {};

	if (!bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0)) {
		addr_set_v4(&t->from, bpf_htonl(key.remote_ipv4));
		addr_set_v4(&t->to, bpf_htonl(key.local_ipv4));
	} else if (!bpf_skb_get_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6)) {
		t->from = *(const struct fl_addr *)key.remote_ipv6;
		t->to = *(const struct fl_addr *)key.local_ipv6;
	} else {
		return FL_DROP_VTEP;
	}
	t->src.network = key.tunnel_id;
	t->dst.network = key.tunnel_id;
	return FL_OK;
}

static __always_inline enum fl_reason parse(struct __sk_buff *skb, struct packet *pkt,
					    struct tunnelled *t)
{
	enum fl_reason why = parse_packet(skb, pkt);

	if (!why && pkt->ethertype == bpf_htons(ETH_P_ARP))
		why = FL_DROP_ETHERTYPE;
	t->src.addr = pkt->flow.src;
	t->dst.addr = pkt->flow.dst;
	t->ethertype = pkt->ethertype;
	return why;
}

static __noinline enum fl_reason deliver(struct __sk_buff *skb, struct packet *pkt)
{
	struct believed ends = {};
	struct tunnelled t = {};
	enum fl_reason why;

	why = read_key(skb, &t);
	if (why)
		return why;
	why = parse(skb, pkt, &t);
	why = believe(&t, why, &ends, &pkt->network);
	if (is_punt(why))
		return FL_DROP_VTEP;
	if (why)
		return why;
	if (write_inner_macs(skb, &ends, t.ethertype))
		return FL_DROP_REDIRECT;
	return send_into(ends.dst->ifindex, ends.dst->flags, FL_FORWARD_REMOTE_IN);
}

SEC("tc")
int tc_tunnel(struct __sk_buff *skb)
{
	struct packet pkt = {};

	return finish(skb, &pkt, deliver(skb, &pkt));
}
