/* SPDX-License-Identifier: GPL-2.0-only */
/* Networks, endpoints, and where an address of a network is found. */
#ifndef FL_SHARED_ENDPOINT_H
#define FL_SHARED_ENDPOINT_H

#include "addr.h"

/* Bits of fl_network.flags; fl_endpoint.flags carries a copy, so that the common
 * path needs no network lookup. */
enum fl_network_flags {
	FL_NET_INTERNAL = 1 << 0, /* nothing but the network itself and its gateway addresses */
	FL_NET_NO_ICC = 1 << 1, /* endpoints of this network do not reach each other */
	FL_NET_MASQUERADE = 1 << 2, /* flows to the outside take the uplink's address */
	FL_NET_ROUTED =
		1
		<< 3, /* its addresses are known outside: published ports and ping are reached there too */
	FL_NET_SHORTCUT =
		1 << 4, /* TCP between its endpoints of one host may go from socket to socket */
};

/* Further bits of fl_endpoint.flags and, of an endpoint of this host, of fl_forward.flags: its limits, which are in
 * fl_rates. Such an endpoint has no FL_NET_SHORTCUT. */
enum fl_endpoint_flags {
	FL_EP_LIMIT_OUT = 1 << 6, /* to what it sends */
	FL_EP_LIMIT_IN = 1 << 7, /* to what it receives: packets must leave by its device */
};

/* Value of map fl_networks; key: network id, __u32, host byte order, never 0.
 * Written by the daemon only, read by all programs off the common path. */
struct fl_network {
	__u32 flags; /* enum fl_network_flags */
	__u32 mtu; /* of its endpoint devices, bytes */
	__u32 members; /* how many slots of fl_members are in use, from slot 0 */
	__u32 prefix4; /* length of the IPv4 subnet, 0..32; valid if gateway4 is set */
	struct fl_addr gateway4; /* v4-mapped; :: if the network has no IPv4 */
	struct fl_addr gateway6; /* :: if the network has no IPv6 */
	struct fl_addr subnet4; /* first address of the subnet, v4-mapped */
};
FL_LAYOUT(fl_network, 4 + 4 + 4 + 4 + 16 + 16 + 16);

/* Value of map fl_endpoints; key: ifindex of the host-side device, __u32.
 * Written by the daemon only. Read by tc_endpoint for each packet: who is sending,
 * and which source addresses it may use. */
struct fl_endpoint {
	__u32 network; /* network id */
	__u32 flags; /* copy of fl_network.flags, and enum fl_endpoint_flags */
	struct fl_addr addr4; /* v4-mapped; :: if none */
	struct fl_addr addr6; /* :: if none */
	struct fl_addr link_local; /* fe80::/64 from the MAC (RFC 4291 app. A); :: without IPv6 */
	__u8 mac[6];
	__u8 pad[2]; /* always 0 */
	/* Subnets that hold every address of the network in fl_forward, but link-local ones: what is outside is not there.
	 * Both zero: not known. */
	struct fl_addr net6;
	struct fl_addr mask6;
	__be32 net4;
	__be32 mask4;
};
FL_LAYOUT(fl_endpoint, 4 + 4 + 16 + 16 + 16 + 6 + 2 + 16 + 16 + 4 + 4);

/* Key of map fl_forward: an address within a network. */
struct fl_forward_key {
	__u32 network;
	struct fl_addr addr;
};
FL_LAYOUT(fl_forward_key, 4 + 16);

enum fl_target_kind {
	FL_TARGET_LOCAL = 1, /* an endpoint of this host: ifindex and mac are valid */
	FL_TARGET_GATEWAY = 2, /* a gateway address of the network: answered here or by the host */
	FL_TARGET_REMOTE = 3, /* an endpoint of another host: peer and mac are valid */
};

/* Value of map fl_forward. Written by the daemon only: one entry for each address of
 * each endpoint, of this host or of another (its link-local address too), and for each gateway address. */
struct fl_forward {
	__u32 kind; /* enum fl_target_kind */
	__u32 ifindex; /* host-side device */
	__u32 peer; /* number, index of fl_peers */
	__u8 mac[6]; /* destination MAC to write */
	__u8 flags; /* LOCAL: copy of fl_endpoint.flags, for packets to it */
	__u8 pad; /* always 0 */
};
FL_LAYOUT(fl_forward, 4 + 4 + 4 + 6 + 1 + 1);

/* Key of map fl_subnets (LPM trie): which network does an address belong to, for
 * packets that do not come out of an endpoint. prefix counts bits of the 16-byte
 * form, so an IPv4 /24 is 96 + 24. Value: network id, __u32.
 * Written by the daemon only. */
struct fl_subnet_key {
	__u32 prefix;
	struct fl_addr addr;
};
FL_LAYOUT(fl_subnet_key, 4 + 16);

/* Key of map fl_members: the endpoints that a broadcast or multicast packet is copied
 * to. Value: ifindex of the host-side device, __u32. The daemon keeps slots
 * 0 .. fl_network.members - 1 filled. */
struct fl_member_key {
	__u32 network;
	__u32 slot;
};
FL_LAYOUT(fl_member_key, 4 + 4);

/* How many copies of one broadcast packet are made at the most; a Linux bridge stops
 * at 1023 ports. */
#define FL_MAX_MEMBERS 4096

#endif
