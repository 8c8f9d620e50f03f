/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's own forward rules decide who reaches a published port (fl_config.host_rules). For tc_uplink.
 *
 * tc_uplink makes a new flow with FL_NAT_WAITS. While it waits, its packets get the container's address and go up the
 * host's stack, which forwards them to fl_host if the rules of the FORWARD hook let them pass. tc_host sees what
 * leaves, and ends the waiting (let_in.h): from then on packets take the short way. Every retransmission asks the rules
 * again.
 */
#ifndef FL_LIB_HOST_RULES_H
#define FL_LIB_HOST_RULES_H

#include "config.h"
#include "packet.h"
#include "rewrite.h"

/* For new_flow.flags of what comes from outside. */
static __always_inline __u8 first_flags(void)
{
	return fl_config.host_rules ? FL_NAT_WAITS : 0;
}

static __always_inline int must_wait(const struct fl_nat *nat)
{
	return fl_config.host_rules && (nat->flags & FL_NAT_WAITS);
}

/* The packet as the host's rules see it. The frame stays addressed to the host. */
static __always_inline enum fl_reason
ask_host_rules(struct __sk_buff *skb, const struct packet *pkt, const struct fl_nat *nat)
{
	enum fl_reason why = rewrite(skb, pkt, nat);

	return why ? why : FL_PUNT_HOST_RULES;
}

#endif
