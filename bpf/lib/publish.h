/* SPDX-License-Identifier: GPL-2.0-only */
/* Published ports. */
#ifndef FL_LIB_PUBLISH_H
#define FL_LIB_PUBLISH_H

#include "maps.h"
#include "packet.h"

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

static __always_inline __u32 port_bits(__u32 port)
{
	const __u32 *bits = bpf_map_lookup_elem(&fl_port_bits, &port);

	return bits ? *bits : 0;
}

/* One array read: may the port (network byte order) be published? */
static __always_inline int may_be_published(__be16 port, __u8 proto)
{
	__u32 flag = port_flag(proto);

	return flag && (port_bits(bpf_ntohs(port)) & flag);
}

static __always_inline int is_local(const struct fl_addr *addr)
{
	return bpf_map_lookup_elem(&fl_local, addr) != NULL;
}

/* The port published on exactly this address, else on every address of its family. The caller makes sure
 * that the address is the host's: *exact tells if the map already proves it. */
static __always_inline const struct fl_port *find_port(const struct fl_addr *addr, __be16 port,
						       __u8 proto, int *exact)
{
	struct fl_port_key key = {.addr = *addr, .port = port, .proto = proto};
	const struct fl_port *found = bpf_map_lookup_elem(&fl_ports, &key);

	*exact = found != NULL;
	if (found)
		return found;
	if (addr_is_v4(addr))
		addr_set_v4(&key.addr, 0);
	else
		addr_set(&key.addr, 0, 0, 0, 0);
	return bpf_map_lookup_elem(&fl_ports, &key);
}

#endif
