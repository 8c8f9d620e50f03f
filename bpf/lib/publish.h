/* SPDX-License-Identifier: GPL-2.0-only */
/* Published ports, and who may reach them. */
#ifndef FL_LIB_PUBLISH_H
#define FL_LIB_PUBLISH_H

#include "maps.h"
#include "packet.h"

/* Where a host port leads. */
struct published {
	const struct fl_port *to; /* NULL: it is not published */
	__be16 port; /* the container's */
	__u8 exact; /* 0/1: published on this very address, not on every address */
};

/* enum fl_port_flags bit of a protocol; 0 if it has no ports. */
static __always_inline __u32 port_flag(__u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return FL_PORT_TCP;
	case IPPROTO_UDP:
		return FL_PORT_UDP;
	case IPPROTO_SCTP:
		return FL_PORT_SCTP;
	default:
		return 0;
	}
}

/* enum fl_port_flags of a port number. */
static __always_inline __u32 port_bits(__u32 port)
{
	const struct fl_port_bits *bits = bpf_map_lookup_elem(&fl_port_bits, &port);

	return bits ? bits->flags : 0;
}

/* One array read: may the port (network byte order) be published? */
static __always_inline int may_be_published(__be16 port, __u8 proto)
{
	__u32 flag = port_flag(proto);

	return flag && (port_bits(bpf_ntohs(port)) & flag);
}

/* First port of the range that a published port is in, network byte order; 0: not published. */
static __always_inline __be16 first_of_range(__be16 port, __u8 proto)
{
	__u32 number = bpf_ntohs(port);
	const struct fl_port_bits *bits = bpf_map_lookup_elem(&fl_port_bits, &number);

	if (!bits)
		return 0;
	switch (proto) {
	case IPPROTO_TCP:
		return bits->first[0];
	case IPPROTO_UDP:
		return bits->first[1];
	case IPPROTO_SCTP:
		return bits->first[2];
	default:
		return 0;
	}
}

static __always_inline int is_local(const struct fl_addr *addr)
{
	return bpf_map_lookup_elem(&fl_local, addr) != NULL;
}

/* The range with this key, if it is long enough to hold the port `offset` behind its first. */
static __always_inline const struct fl_port *find_range(const struct fl_port_key *key, __u32 offset)
{
	const struct fl_port *range = bpf_map_lookup_elem(&fl_ports, key);

	return range && offset < range->count ? range : NULL;
}

/* Not inline: callers' stacks are small. */
static __noinline const struct fl_port *look_up_port(const struct fl_addr *addr, __be16 first,
						     __u32 offset, __u8 proto, __u8 *exact)
{
	struct fl_port_key key = {.addr = *addr, .port = first, .proto = proto};
	const struct fl_port *to = find_range(&key, offset);

	*exact = to != NULL;
	if (to)
		return to;
	if (addr_is_v4(addr))
		addr_set_v4(&key.addr, 0);
	else
		addr_set(&key.addr, 0, 0, 0, 0);
	return find_range(&key, offset);
}

/* What is published on exactly this address, else on every address of its family. The caller makes sure that the
 * address is the host's: exact tells if the map already proves it. Answers if anything is. */
static __always_inline int find_port(const struct fl_addr *addr, __be16 port, __u8 proto,
				     struct published *found)
{
	__be16 first = first_of_range(port, proto);
	__u32 offset = bpf_ntohs(port) - bpf_ntohs(first);

	found->to = first ? look_up_port(addr, first, offset, proto, &found->exact) : NULL;
	if (!found->to)
		return 0;
	found->port = bpf_htons(bpf_ntohs(found->to->port) + offset);
	return 1;
}

/* May a client with this address open a flow to a port with this list (fl_port.list)? */
static __always_inline int may_reach(__u32 list, const struct fl_addr *source)
{
	struct fl_source_key key = {
		.prefix = 32 + 8 * sizeof(*source),
		.list = list,
		.addr = *source,
	};
	const __u32 *says;

	if (!list)
		return 1;
	says = bpf_map_lookup_elem(&fl_sources, &key);
	return says && *says == FL_SOURCE_ALLOW;
}

#endif
