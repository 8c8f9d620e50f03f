/* SPDX-License-Identifier: GPL-2.0-only */
/* Every map. One definition, in every object, so that each program can use the daemon's pinned
 * maps; libbpf's own pinning is not used. Sizes are what the daemon starts from: it sets them
 * from its configuration before it loads.
 *
 * NO_PREALLOC where most of the size is never used: an entry then costs memory only while it
 * exists. Not for maps that programs write to.
 */
#ifndef FL_LIB_MAPS_H
#define FL_LIB_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "shared/addr.h"
#include "shared/endpoint.h"
#include "shared/host.h"
#include "shared/nat.h"
#include "shared/peer.h"
#include "shared/rate.h"
#include "shared/reason.h"
#include "shared/shortcut.h"

/* Who sends? Writer: daemon. Reader: tc_endpoint for each packet; all, to deliver translated
 * packets. Key: ifindex. Size: containers of one host. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct fl_endpoint);
} fl_endpoints SEC(".maps");

/* Writer: daemon. Reader: all, off the common path. Key: network id. Size: networks. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct fl_network);
} fl_networks SEC(".maps");

/* Where is an address? Writer: daemon. Reader: tc_endpoint for each packet, tc_host.
 * Size: three addresses an endpoint of any host, and three gateway addresses a network. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct fl_forward_key);
	__type(value, struct fl_forward);
} fl_forward SEC(".maps");

/* Which network has an address? Writer: daemon. Reader: all, for new flows and host packets.
 * Size: two subnets a network. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2048);
	__type(key, struct fl_subnet_key);
	__type(value, __u32);
} fl_subnets SEC(".maps");

/* Who gets a copy of a broadcast? Writer: daemon. Reader: tc_endpoint, tc_host.
 * Value: ifindex. Size: endpoints, with room for holes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct fl_member_key);
	__type(value, __u32);
} fl_members SEC(".maps");

/* Devices that lead outside. Writer: daemon. Reader: tc_endpoint for new flows. Key: ifindex. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct fl_uplink);
} fl_uplinks SEC(".maps");

/* The host's own addresses. Writer: daemon. Reader: all but tc_host, for new flows.
 * Value: ifindex. Size: addresses of the host, and two a network. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct fl_addr);
	__type(value, __u32);
} fl_local SEC(".maps");

/* Is anything published on this port number? Writer: daemon. Reader: tc_uplink for each packet,
 * tc_endpoint and cgroup_sockets for new flows. Size: every port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct fl_port_bits);
} fl_port_bits SEC(".maps");

/* Published ports. Writer: daemon. Reader: tc_uplink, tc_endpoint, cgroup_sockets, for new flows; collect.
 * Size: every port twice, though ranges take one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, struct fl_port_key);
	__type(value, struct fl_port);
} fl_ports SEC(".maps");

/* Translated flows, two entries each. Writer: tc_endpoint, tc_uplink; the daemon deletes.
 * Size: 131072 flows. LRU as a safety net only, so that a full map costs idle flows, not new ones. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct fl_flow);
	__type(value, struct fl_nat);
} fl_nat SEC(".maps");

/* Have routes or endpoints changed? Writer: daemon. Reader: tc_endpoint, tc_uplink, tc_host, for each packet of a
 * translated flow. One element. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} fl_epoch SEC(".maps");

/* Who may reach a published port? Writer: daemon. Reader: tc_uplink, tc_endpoint, for new flows; collect. Value: enum
 * fl_source. Size: lists are shared by ports that have the same. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct fl_source_key);
	__type(value, __u32);
} fl_sources SEC(".maps");

/* How many flows has a container? Writer: tc_endpoint, tc_uplink, collect. Reader: they, for new flows. Key: ifindex.
 * Size: that of fl_endpoints. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct fl_flow_count);
} fl_flow_counts SEC(".maps");

/* Ports of fragmented datagrams. Writer, reader: tc_endpoint, tc_uplink. Nobody deletes: LRU.
 * Size: common LRUs need some 256 slots a CPU, and a datagram is in flight for milliseconds. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct fl_frag_key);
	__type(value, struct fl_frag);
} fl_frags SEC(".maps");

/* What a socket asked for. Writer, reader: cgroup_sockets. Nobody deletes: LRU.
 * Size: connections of host processes to published ports. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct fl_socket_key);
	__type(value, struct fl_socket);
} fl_sockets SEC(".maps");

/* Is there a tunnel to other hosts? Writer: daemon. Reader: tc_uplink and xdp_uplink for each packet,
 * tc_endpoint. One element. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fl_tunnel);
} fl_tunnel SEC(".maps");

/* The way to another host. Writer: daemon. Reader: tc_endpoint, for each packet to a container of that
 * host. Index: peer number, 0 is nobody. Size: hosts of one cluster. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct fl_peer);
} fl_peers SEC(".maps");

/* Ready outer headers. Writer: daemon. Reader: tc_endpoint, by fl_peer.hops. Size: four a peer, so that a change
 * of every next hop still finds free ones. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct fl_hop);
} fl_hops SEC(".maps");

/* What the underlay said of the way to a peer. Writer: tc_uplink lowers, the daemon resets. Reader:
 * tc_endpoint, for each packet to that peer. Index: peer number. Size: that of fl_peers. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct fl_path_mtu);
} fl_path_mtu SEC(".maps");

/* Who may send us tunnel packets? Writer: daemon. Reader: tc_uplink, xdp_uplink, tc_tunnel, for each
 * such packet. Value: peer number. Size: two addresses a peer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, struct fl_addr);
	__type(value, __u32);
} fl_vteps SEC(".maps");

/* Is a peer part of a network? Writer: daemon. Reader: tc_uplink, xdp_uplink, tc_tunnel, to name a drop.
 * Value: 1. Size: 16 networks a peer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct fl_vni_member);
	__type(value, __u32);
} fl_vni_members SEC(".maps");

/* Connections that are being opened within one host. Writer: tc_endpoint, socket_shortcut. Nobody deletes those that come
 * to nothing: LRU. Size: what opens at a time, and is complete within milliseconds. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fl_handshake_key);
	__type(value, struct fl_handshake);
} fl_handshakes SEC(".maps");

/* ICMP errors that may still be made: lib/icmp_budget.h. Writer, reader: tc_endpoint, tc_uplink, tc_host, for each such
 * error. Value: ns, CLOCK_MONOTONIC_COARSE. One element a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} fl_icmp_budget SEC(".maps");

/* How fast may a container be? Writer: daemon; tc_endpoint and tc_limit keep the time in it. Reader: they, for each packet of
 * an endpoint with a limit. Key: ifindex. Size: that of fl_endpoints. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct fl_rate);
} fl_rates SEC(".maps");

/* Packets forwarded and punted. Writer: count(). Reader: daemon. Index: enum fl_reason. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FL_REASON_MAX);
	__type(key, __u32);
	__type(value, struct fl_counter);
} fl_forwarded SEC(".maps");

/* Packets dropped. Writer: count(). Reader: daemon. Size: some 16 reasons for each network. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fl_drop_key);
	__type(value, struct fl_counter);
} fl_drops SEC(".maps");

#endif
