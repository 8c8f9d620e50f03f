/* SPDX-License-Identifier: GPL-2.0-only */
/* What tc_endpoint does for socket_shortcut: it notes who answers whom within a network. */
#ifndef FL_LIB_SHORTCUT_H
#define FL_LIB_SHORTCUT_H

#include "flow_state.h"
#include "maps.h"
#include "packet.h"

/* TCP header (RFC 9293 3.1) up to its flags. */
struct tcp_start {
	__be16 sport;
	__be16 dport;
	__be32 seq;
	__be32 ack_seq;
	__u8 offset;
	__u8 flags;
	__u8 window[2];
};

/* A packet that is about to be delivered on this host. A SYN-ACK names both ends of a connection, and both of their
 * first sequence numbers. */
static __noinline int note_handshake(struct __sk_buff *skb, const struct packet *pkt,
				     __u32 client_ifindex)
{
	struct fl_handshake_key key = {.client = pkt->flow.dst, .server = pkt->flow.src};
	struct fl_handshake value = {
		.network = pkt->network,
		.client_ifindex = client_ifindex,
		.server_ifindex = skb->ifindex,
	};
	struct tcp_start tcp;

	if (pkt->flow.proto != IPPROTO_TCP || pkt->fragment ||
	    bpf_skb_load_bytes(skb, pkt->l4_off, &tcp, sizeof(tcp)))
		return 0;
	if ((tcp.flags & (FL_TCP_SYN | FL_TCP_ACK | FL_TCP_RST)) != (FL_TCP_SYN | FL_TCP_ACK))
		return 0;
	key.client_port = tcp.dport;
	key.server_port = tcp.sport;
	key.client_next = bpf_ntohl(tcp.ack_seq);
	key.server_next = bpf_ntohl(tcp.seq) + 1;
	/* Repeated, it must not forget a socket. */
	bpf_map_update_elem(&fl_handshakes, &key, &value, BPF_NOEXIST);
	return 0;
}

#endif
