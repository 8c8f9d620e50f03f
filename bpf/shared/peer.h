/* SPDX-License-Identifier: GPL-2.0-only */
/* Other hosts of the cluster, and the way to them. */
#ifndef FL_SHARED_PEER_H
#define FL_SHARED_PEER_H

#include "addr.h"

/* Network ids up to here are the VNI of a network that hosts share (RFC 7348: 24 bits); ids of a host's own
 * networks are above. So the id in a tunnel header is the key of every map. */
#define FL_VNI_LAST 0xffffff

/* The only element of array fl_tunnel. Written by the daemon; ifindex 0: this host has no tunnel. */
struct fl_tunnel {
	__u32 ifindex; /* of the bare vxlan device */
	__be16 port; /* UDP, of every host of the cluster */
	__u8 pad[2]; /* always 0 */
};
FL_LAYOUT(fl_tunnel, 4 + 2 + 2);

/* More next hops than that are not used; fewer are repeated, so that each slot holds one. A power of two. */
#define FL_PEER_HOPS 8

enum fl_peer_way {
	FL_PEER_NONE = 0, /* no such peer */
	FL_PEER_DIRECT = 1, /* every slot of hops holds a ready header */
	FL_PEER_KERNEL =
		2, /* next hop not resolved (yet): by the vxlan device, which asks for it */
};

/* Element of array fl_peers; index: peer number, from 1; fl_forward.peer refers to it. Written by the daemon
 * from netlink route, neighbour and link events; read by tc_endpoint and tc_uplink. Each word is valid by
 * itself, so that a reader in the middle of an update sees an old or a new next hop, never half of one. */
struct fl_peer {
	__u32 way; /* enum fl_peer_way */
	__u32 hops[FL_PEER_HOPS]; /* indexes of fl_hops */
	struct fl_addr remote; /* its VTEP address */
	struct fl_addr local; /* ours, of the same family */
};
FL_LAYOUT(fl_peer, 4 + 4 * FL_PEER_HOPS + 16 + 16);

/* Ethernet, IP, UDP, VXLAN */
#define FL_OUTER_V4 50
#define FL_OUTER_V6 70

/* Element of array fl_hops: the outer header to one next hop, ready but for the lengths, the UDP source port,
 * the VNI, the ECN bits, and the IPv4 header checksum. Written by the daemon once, before a peer refers to it:
 * a change takes another element. Read by tc_endpoint. */
struct fl_hop {
	__u32 ifindex; /* uplink */
	__u32 mtu; /* of an outer IP packet, bytes */
	__u32 len; /* of header: FL_OUTER_V4 or FL_OUTER_V6 */
	__u32 sum; /* IPv4: sum of the header's 16-bit words as stored, checksum, length and TOS being 0 */
	__u8 header[FL_OUTER_V6 + 2]; /* the tail is 0 */
};
FL_LAYOUT(fl_hop, 4 + 4 + 4 + 4 + 72);

/* Element of array fl_path_mtu; index: peer number. Lowered by tc_uplink when the underlay says "too big"
 * about a packet of ours; read by tc_endpoint; reset to 0 by the daemon when it is old (RFC 1191 6.3). */
struct fl_path_mtu {
	__u32 mtu; /* of an outer IP packet, bytes; 0: only the next hop's counts */
	__u32 pad; /* always 0 */
	__u64 since; /* ns, CLOCK_MONOTONIC_COARSE: when it was lowered */
};
FL_LAYOUT(fl_path_mtu, 4 + 4 + 8);

/* Map fl_vteps, key: struct fl_addr, outer source address; value: peer number, __u32. Every address that a peer
 * may send from. Written by the daemon, read at decapsulation. */

/* Key of map fl_vni_members: is the peer a member of the network? Value: 1, __u32. Written by the daemon; read
 * when a packet's inner source is not the peer's, to tell why. */
struct fl_vni_member {
	__u32 network;
	__u32 peer;
};
FL_LAYOUT(fl_vni_member, 4 + 4);

/* What xdp_uplink leaves in front of a packet it has taken out of its tunnel, for tc_uplink (XDP metadata).
 * Constant within a flow: GRO merges only packets whose metadata are equal. */
struct fl_decapped {
	__u32 magic; /* FL_DECAPPED */
	__u32 network;
	__u32 ifindex; /* host-side device of the endpoint */
	__u32 flags; /* its fl_forward.flags */
};
FL_LAYOUT(fl_decapped, 4 + 4 + 4 + 4);
#define FL_DECAPPED 0x666c6465

#endif
