/* SPDX-License-Identifier: GPL-2.0-only */
/* Where each packet went. One list for the programs, the daemon and the command line.
 *
 * FORWARD: fairlead moved or answered it. PUNT: left to the host's own stack. DROP:
 * gone. The numbers are what metrics and maps show: append, never renumber, never use one again (33 was one).
 *
 * X(NAME, number, "text for people", "what to do about it") */
#ifndef FL_SHARED_REASON_H
#define FL_SHARED_REASON_H

#include "layout.h"

/* clang-format off */
#define FL_REASONS(X) \
	X(FL_OK, 0, "not decided yet", "") \
	X(FL_FORWARD_LOCAL, 1, "container to container on this host", "") \
	X(FL_FORWARD_HOST_IN, 2, "container to host", "") \
	X(FL_FORWARD_HOST_OUT, 3, "host to container", "") \
	X(FL_FORWARD_MASQUERADE, 4, "container to outside", "") \
	X(FL_FORWARD_MASQUERADE_REPLY, 5, "outside to container, reply", "") \
	X(FL_FORWARD_PUBLISHED, 6, "outside to published port", "") \
	X(FL_FORWARD_PUBLISHED_REPLY, 7, "published port to outside, reply", "") \
	X(FL_FORWARD_HAIRPIN, 8, "container to published port of this host", "") \
	X(FL_FORWARD_FLOOD, 9, "broadcast or multicast, copied to the network", "") \
	X(FL_FORWARD_ARP, 10, "ARP answered", "") \
	X(FL_FORWARD_ND, 11, "neighbour solicitation answered", "") \
	X(FL_FORWARD_ECHO, 12, "ping of the gateway answered", "") \
	X(FL_FORWARD_ICMP_ERROR, 13, "ICMP error sent to whoever sent the packet", "") \
	X(FL_FORWARD_ROUTED, 14, "container to outside, address kept", "") \
	X(FL_FORWARD_REMOTE, 15, "container to another host, in a tunnel", "") \
	X(FL_FORWARD_REMOTE_KERNEL, 16, "container to another host, by the kernel's vxlan device", "") \
	X(FL_FORWARD_REMOTE_IN, 17, "from another host to container", "") \
	X(FL_FORWARD_RELATED, 18, "ICMP error about a translated flow", "") \
	X(FL_FORWARD_MOVED, 19, "host to the container that took over a published port", "") \
	X(FL_FORWARD_SHORTCUT, 20, "container to container on this host, from socket to socket (messages)", "") \
	X(FL_PUNT_NOT_OURS, 32, "not for a container", "") \
	X(FL_PUNT_TUNNEL, 34, "tunnel packet left to the kernel's vxlan device", "") \
	X(FL_PUNT_HOST_RULES, 35, "to a published port, left to the host's forward rules first", "") \
	X(FL_DROP_TRUNCATED, 64, "header cut short", "the sender is broken, or hostile") \
	X(FL_DROP_NO_ENDPOINT, 65, "device is no endpoint of ours", \
	  "restart the container; if it stays, report a bug") \
	X(FL_DROP_SPOOFED_MAC, 66, "source MAC is not the container's own", \
	  "software in the container changes or bridges MACs: use --mac-address") \
	X(FL_DROP_SPOOFED_SOURCE, 67, "source address is not the container's own", \
	  "software in the container routes for others or changed its address: use --ip") \
	X(FL_DROP_ETHERTYPE, 68, "neither IPv4, IPv6 nor ARP", "only IP crosses a fairlead network") \
	X(FL_DROP_NO_SUCH_ADDRESS, 69, "nobody has this address of the network", \
	  "the container it meant has stopped: see 'fairlead endpoints'") \
	X(FL_DROP_ISOLATED, 70, "address of another network", \
	  "connect both containers to one network: docker network connect") \
	X(FL_DROP_INTERNAL, 71, "network is --internal", "use a network without --internal") \
	X(FL_DROP_ICC, 72, "network has enable_icc=false", \
	  "publish a port, or use a network with enable_icc=true") \
	X(FL_DROP_NO_ROUTE, 73, "the host has no route to it", "see 'ip route get ADDRESS' on the host") \
	X(FL_DROP_TTL, 74, "TTL or hop limit ran out", "a routing loop, or traceroute") \
	X(FL_DROP_TOO_BIG, 75, "larger than the next link's MTU, and may not be fragmented", \
	  "path MTU discovery handles it; if not, lower the MTU: -o com.docker.network.driver.mtu=N") \
	X(FL_DROP_NO_UPLINK_ADDRESS, 76, "the uplink has no address of this family", \
	  "give the host an address, or the network no IPv6") \
	X(FL_DROP_NAT_EXHAUSTED, 77, "no free port to masquerade with", \
	  "too many flows to one destination: widen nat.port_range") \
	X(FL_DROP_NAT_PROTOCOL, 78, "protocol cannot be masqueraded", \
	  "TCP, UDP and ICMP echo can; use enable_ip_masquerade=false for others") \
	X(FL_DROP_NAT_COLLISION, 79, "flow meets another one of the same addresses and ports", \
	  "the client reuses one port for two published addresses; it may retry") \
	X(FL_DROP_FRAGMENT, 80, "fragment whose first part was not seen", "packets arrive out of order or lost") \
	X(FL_DROP_DIRECT, 81, "straight from outside to a container's address", \
	  "publish a port instead") \
	X(FL_DROP_ND, 82, "router advertisement, redirect or unsolicited neighbour news", \
	  "a container may not change its neighbours' routing") \
	X(FL_DROP_DUPLICATE_ADDRESS_PROBE, 83, "duplicate address detection, needs no answer", "") \
	X(FL_DROP_MARTIAN, 84, "source or destination cannot be on this wire", "the sender is broken, or hostile") \
	X(FL_DROP_REDIRECT, 85, "kernel refused the change to the packet", "report a bug with 'fairlead status -o json'") \
	X(FL_DROP_NOT_PUBLISHED, 86, "host port is reserved but leads nowhere", "restart the container") \
	X(FL_DROP_MULTICAST_OUTSIDE, 87, "multicast stays inside the network", "") \
	X(FL_DROP_NOT_UPLINK, 88, "the host's route leads out of a device that is no uplink", \
	  "another engine's bridge, or no Ethernet device (VPN): see Uplinks in 'fairlead status'") \
	X(FL_DROP_VTEP, 89, "tunnel packet from a host that is not in the cluster", \
	  "see 'fairlead peers'; if the host is yours, its tunnel address has changed, else somebody forges") \
	X(FL_DROP_VNI, 90, "tunnel packet of a network that its host has no part in", \
	  "see 'fairlead networks' on both hosts; if they agree, somebody forges") \
	X(FL_DROP_INNER_SOURCE, 91, "tunnel packet whose inner source is not an endpoint of its host", \
	  "see 'fairlead cluster status': this host may not have heard of the container yet") \
	X(FL_DROP_INNER_DESTINATION, 92, "tunnel packet for an address that is not on this host", \
	  "the container has just stopped or moved") \
	X(FL_DROP_ECN, 93, "congestion mark on a packet that cannot carry it (RFC 6040)", \
	  "a router on the underlay marks packets that are not ECN-capable") \
	X(FL_DROP_HOST_TO_REMOTE, 94, "from this host itself to a container of another host", \
	  "use a published port; only containers are in the network") \
	X(FL_DROP_NO_PEER, 95, "no way to the host that has the container", "see 'fairlead peers'") \
	X(FL_DROP_NOT_ALLOWED, 96, "source may not reach this published port", \
	  "see 'fairlead ports'; let it in with 'fairlead ports allow PORT CIDR'") \
	X(FL_DROP_FLOW_CAP, 97, "the container has as many flows as one may have", \
	  "see 'fairlead endpoints'; if it should have more, raise nat.flows_per_container") \
	X(FL_DROP_HOST_RULES, 98, "IPv6 port of an IPv4 container, which the host's forward rules cannot see", \
	  "give the network an IPv6 subnet, or turn publish.host_rules off") \
	X(FL_DROP_RATE, 99, "faster than the container's rate limit", \
	  "see RATE in 'fairlead endpoints'; options fairlead.rate.egress and fairlead.rate.ingress set it")
/* clang-format on */

enum fl_reason {
#define FL_REASON_ENUM(name, number, text, advice) name = number,
	FL_REASONS(FL_REASON_ENUM)
#undef FL_REASON_ENUM
};

/* Size of the array that counts forwarded packets, and one more than the highest reason. */
#define FL_REASON_MAX 128

/* Value of per-CPU array fl_forwarded (index: enum fl_reason, FORWARD and PUNT) and of per-CPU hash
 * fl_drops (key: struct fl_drop_key). Written by the programs through count(), read by the daemon. */
struct fl_counter {
	__u64 packets;
	__u64 bytes; /* of the frames, Ethernet header included */
};
FL_LAYOUT(fl_counter, 8 + 8);

struct fl_drop_key {
	__u32 network; /* 0: not known */
	__u32 reason; /* enum fl_reason */
};
FL_LAYOUT(fl_drop_key, 4 + 4);

#endif
