/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon sets before load. One copy in each object; each object includes this once. */
#ifndef FL_LIB_CONFIG_H
#define FL_LIB_CONFIG_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "shared/config.h"

const volatile struct fl_config fl_config = {};

/* Is this a port (network byte order) that we masquerade with? */
static __always_inline int in_nat_range(__be16 port)
{
	__u16 host = bpf_ntohs(port);

	return host >= fl_config.nat_port_first && host <= fl_config.nat_port_last;
}

#endif
