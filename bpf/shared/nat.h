/* SPDX-License-Identifier: GPL-2.0-only */
/* Published ports, and the state of translated flows. */
#ifndef FL_SHARED_NAT_H
#define FL_SHARED_NAT_H

#include "addr.h"

/* Key of map fl_ports: published host ports, one or a range. addr is a host address, ::ffff:0.0.0.0 for
 * every IPv4 and :: for every IPv6 address of the host, or that of a container on a routed network; the
 * exact address wins. */
struct fl_port_key {
	struct fl_addr addr;
	__be16 port; /* the first of the range: struct fl_port_bits of each of its ports names it */
	__u8 proto; /* IPPROTO_TCP, _UDP, _SCTP */
	__u8 pad; /* always 0 */
};
FL_LAYOUT(fl_port_key, 16 + 2 + 1 + 1);

/* Value of map fl_ports. Written by the daemon only. If the families of key and target differ (IPv6 host address,
 * container with IPv4 only), packets are translated: lib/translate.h. */
struct fl_port {
	struct fl_addr addr; /* the container's */
	__u32 network;
	__u32 ifindex; /* its host-side device */
	__be16 port; /* the container's, of the first host port; the others follow in order */
	__u16 count; /* ports in the range, 1 or more */
	__u32 list; /* who may reach it: fl_sources; 0: everyone */
};
FL_LAYOUT(fl_port, 16 + 4 + 4 + 2 + 2 + 4);

/* Key of map fl_sources (LPM trie): may a source reach ports with this list? prefix counts the 32 bits of
 * list and then those of the address in its 16-byte form: 32 alone is everyone, 32 + 96 + 24 an IPv4 /24. The longest
 * prefix decides; none: no. Value: enum fl_source, __u32. Written by the daemon only: a list is written whole before a port
 * refers to it, and never changed after. */
struct fl_source_key {
	__u32 prefix;
	__u32 list;
	struct fl_addr addr;
};
FL_LAYOUT(fl_source_key, 4 + 4 + 16);

enum fl_source {
	FL_SOURCE_DENY = 1,
	FL_SOURCE_ALLOW = 2,
};

/* Key of map fl_nat: a flow as a packet shows it, before it is rewritten. For ICMP
 * echo both ports are the identifier. */
struct fl_flow {
	struct fl_addr src;
	struct fl_addr dst;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 pad[3]; /* always 0 */
};
FL_LAYOUT(fl_flow, 16 + 16 + 2 + 2 + 1 + 3);

enum fl_nat_kind {
	FL_NAT_MASQUERADE = 1, /* container to outside */
	FL_NAT_PUBLISHED = 2, /* outside to published port */
	FL_NAT_HAIRPIN = 3, /* container to published port of this host */
	FL_NAT_ROUTED = 4, /* container to outside, addresses kept (masquerade off) */
	FL_NAT_MOVED = 5, /* host process to a published port whose container it knew has gone */
};

enum fl_nat_flags {
	FL_NAT_REPLY = 1 << 0, /* this is the entry of the answering direction */
	FL_NAT_SEEN =
		1
		<< 1, /* a packet has matched this entry since it was made; TCP: no RST, nor the client's
				* SYN. A flow is open when both entries are seen, but for other protocols than TCP
				* the answering one is enough */
	FL_NAT_FIN = 1 << 2, /* TCP: FIN seen in this direction */
	FL_NAT_RST = 1 << 3, /* TCP: RST seen in this direction, and nothing else since */
	FL_NAT_WAITS = 1 << 4, /* the host's forward rules have not let it pass yet */
};

/* Value of map fl_nat: what the packet becomes. Each flow has two entries, one a
 * direction; the twin's key is this entry's rewritten tuple, reversed.
 * Written by the programs (made on the first packet); flags and last_seen are updated in place,
 * last_seen at most once a second. The daemon reads, expires and deletes. From epoch on: the way that such packets
 * go, remembered (lib/way.h). */
struct fl_nat {
	struct fl_addr src; /* after the rewrite */
	struct fl_addr dst;
	__be16 sport;
	__be16 dport;
	__u8 kind; /* enum fl_nat_kind */
	__u8 flags; /* enum fl_nat_flags */
	__u16 mtu; /* of the way, bytes */
	__u32 network; /* of the container */
	__u32 ifindex; /* host-side device to deliver to, 0: out by the host's routes */
	__u32 endpoint; /* host-side device of the container that the flow belongs to */
	__u32 epoch; /* fl_epoch when the way was found; 0: it was not */
	__u64 last_seen; /* ns, CLOCK_MONOTONIC_COARSE */
	__u32 tick; /* jiffies, the low half, when last_seen was last compared with the clock */
	__u32 device; /* that the way leads out of, if ifindex is 0 */
	__u8 dst_mac[6]; /* of the next hop, or of the container */
	__u8 src_mac[6]; /* of device */
	__u32 receiver_flags; /* fl_endpoint.flags of the container to deliver to, if ifindex is not 0 */
};
FL_LAYOUT(fl_nat, 16 + 16 + 2 + 2 + 1 + 1 + 2 + 4 + 4 + 4 + 4 + 8 + 4 + 4 + 6 + 6 + 4);
FL_FIELD_AT(fl_nat, last_seen, 56);

/* Element of map fl_epoch, __u32: how often what packets find their way by has changed: the host's routes, rules, neighbours,
 * devices and addresses, and fl_endpoints. Written by the daemon, after each such change; 0: nobody counts, so that
 * nothing may be remembered. */

/* Value of map fl_flow_counts; key: ifindex of the host-side device of the container that opened the flows, or that published
 * the port they came in by, __u32. Programs count up, and down when a half-open flow opens; program collect counts afresh
 * with each pass, which mends what LRU eviction and deletion leave. */
struct fl_flow_count {
	__u32 flows;
	__u32 half_open; /* of them */
	__u32 counting_flows; /* of the pass that runs */
	__u32 counting_half_open;
};
FL_LAYOUT(fl_flow_count, 4 + 4 + 4 + 4);

/* Key of map fl_frags (LRU): which ports a fragmented datagram has; only its first fragment
 * carries them. Written and read by the programs. */
struct fl_frag_key {
	struct fl_addr src;
	struct fl_addr dst;
	__be32 id; /* IPv4: 16 bits, in the low half as read from the wire */
	__u8 proto;
	__u8 pad[3]; /* always 0 */
};
FL_LAYOUT(fl_frag_key, 16 + 16 + 4 + 1 + 3);

struct fl_frag {
	__be16 sport;
	__be16 dport;
};
FL_LAYOUT(fl_frag, 2 + 2);

/* Key of map fl_sockets (LRU): which published address did a socket mean, so that
 * recvmsg() and getpeername() show the address that the program asked for.
 * Written and read by the cgroup programs. */
struct fl_socket_key {
	__u64 cookie;
	struct fl_addr addr; /* the container's */
	__be16 port;
	__u8 pad[6]; /* always 0 */
};
FL_LAYOUT(fl_socket_key, 8 + 16 + 2 + 6);

struct fl_socket {
	struct fl_addr addr; /* what the program asked for */
	__be16 port;
	__u8 pad[2]; /* always 0 */
};
FL_LAYOUT(fl_socket, 16 + 2 + 2);

#endif
