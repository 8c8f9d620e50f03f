/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about one address. All take the v4-mapped form. */
#ifndef FL_LIB_ADDR_H
#define FL_LIB_ADDR_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>

#include "shared/addr.h"

/* BPF C has no <sys/socket.h>. */
#define FL_AF_INET 2
#define FL_AF_INET6 10

/* 32-bit word of an address, network byte order; word 3 of a mapped address is the IPv4 one. */
static __always_inline __u32 addr_word(const struct fl_addr *a, int i)
{
	return ((const __u32 *)a->b)[i];
}

static __always_inline void addr_set(struct fl_addr *a, __be32 w0, __be32 w1, __be32 w2, __be32 w3)
{
	__u32 *w = (__u32 *)a->b;

	w[0] = w0;
	w[1] = w1;
	w[2] = w2;
	w[3] = w3;
}

static __always_inline void addr_set_v4(struct fl_addr *a, __be32 v4)
{
	addr_set(a, 0, 0, bpf_htonl(0xffff), v4);
}

static __always_inline int addr_equal(const struct fl_addr *a, const struct fl_addr *b)
{
	return addr_word(a, 3) == addr_word(b, 3) && addr_word(a, 2) == addr_word(b, 2) &&
	       addr_word(a, 1) == addr_word(b, 1) && addr_word(a, 0) == addr_word(b, 0);
}

/* ::, which is also "no address". */
static __always_inline int addr_is_none(const struct fl_addr *a)
{
	return !(addr_word(a, 0) | addr_word(a, 1) | addr_word(a, 2) | addr_word(a, 3));
}

static __always_inline int addr_is_v4(const struct fl_addr *a)
{
	return !(addr_word(a, 0) | addr_word(a, 1)) && addr_word(a, 2) == bpf_htonl(0xffff);
}

/* 224.0.0.0/4 or ff00::/8. */
static __always_inline int addr_is_multicast(const struct fl_addr *a)
{
	if (addr_is_v4(a))
		return (a->b[12] & 0xf0) == 0xe0;
	return a->b[0] == 0xff;
}

/* 255.255.255.255; a subnet's broadcast address needs its network. */
static __always_inline int addr_is_broadcast(const struct fl_addr *a)
{
	return addr_is_v4(a) && addr_word(a, 3) == 0xffffffff;
}

/* fe80::/10. */
static __always_inline int addr_is_link_local6(const struct fl_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* 127.0.0.0/8 or ::1. */
static __always_inline int addr_is_loopback(const struct fl_addr *a)
{
	if (addr_is_v4(a))
		return a->b[12] == 127;
	return !(addr_word(a, 0) | addr_word(a, 1) | addr_word(a, 2)) &&
	       addr_word(a, 3) == bpf_htonl(1);
}

/* On a wire, neither source nor destination of a unicast packet (RFC 6890; RFC 4291 2.5.3):
 * loopback, this-network, reserved, unspecified. */
static __always_inline int addr_is_martian(const struct fl_addr *a)
{
	if (addr_is_v4(a))
		return a->b[12] == 127 || a->b[12] == 0 || a->b[12] >= 240;
	return addr_is_none(a) || addr_is_loopback(a);
}

#endif
