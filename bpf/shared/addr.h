/* SPDX-License-Identifier: GPL-2.0-only */
/* The one address type of every map key and value. */
#ifndef FL_SHARED_ADDR_H
#define FL_SHARED_ADDR_H

#include "layout.h"

/* IPv6 address, or IPv4 written as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). Network byte
 * order. One address type means one map and one lookup for both families.
 * "Any IPv4 address" is ::ffff:0.0.0.0, "any IPv6 address" is ::. "No address" is
 * also ::, and each field says when it may be absent. */
struct fl_addr {
	__u8 b[16];
} __attribute__((aligned(4))); /* so that the BPF compiler copies words, not bytes */
FL_LAYOUT(fl_addr, 16);

#endif
