/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs know of the host they run on. */
#ifndef FL_SHARED_HOST_H
#define FL_SHARED_HOST_H

#include "addr.h"

enum fl_uplink_flags {
	FL_UPLINK_MASQUERADE = 1 << 0, /* new flows of containers may leave here */
};

/* Value of map fl_uplinks; key: ifindex, __u32. Written by the daemon from netlink
 * link and address events: the devices that lead outside. */
struct fl_uplink {
	__u32 flags; /* enum fl_uplink_flags */
	__u32 mtu; /* bytes */
	struct fl_addr addr4; /* masquerade source, v4-mapped; :: if the device has no IPv4 */
	struct fl_addr addr6; /* masquerade source, global scope; :: if none */
};
FL_LAYOUT(fl_uplink, 4 + 4 + 16 + 16);

/* Map fl_local, key: struct fl_addr: every address that is the host's own, loopback and
 * gateway addresses included. Value: ifindex, __u32. Written by the daemon. */

enum fl_port_flags {
	FL_PORT_TCP = 1 << 0, /* published on some host address */
	FL_PORT_UDP = 1 << 1,
	FL_PORT_SCTP = 1 << 2,
	FL_PORT_ROUTED = 1 << 3, /* of index 0, no port: some network does not masquerade */
};

/* What a packet to one of the host's ports may meet: value of array map fl_port_bits, index: port, host byte
 * order. Lets the uplink program pass by host traffic after one array read. Written by the daemon, which cuts
 * ranges so that a port number has one first port a protocol, whatever the host address. */
struct fl_port_bits {
	__u32 flags; /* enum fl_port_flags */
	__be16 first
		[3]; /* of the range that holds the port, by protocol: TCP, UDP, SCTP; 0: not published */
	__be16 pad; /* always 0 */
};
FL_LAYOUT(fl_port_bits, 4 + 3 * 2 + 2);

#endif
