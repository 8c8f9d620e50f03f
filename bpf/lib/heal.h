/* SPDX-License-Identifier: GPL-2.0-only */
/* Flows to published ports that are older than the container that they lead to.
 */
#ifndef FL_LIB_HEAL_H
#define FL_LIB_HEAL_H

#include "deliver.h"
#include "nat.h"

/* MAC of where the flow's packets go; NULL: there is none, or no more. If the port is published again meanwhile, by a new container,
 * then the packet at hand opens a flow to that one: a client that just goes on sending is never cut off. */
static __always_inline const __u8 *find_or_forget(const struct packet *pkt, struct fl_nat **nat)
{
	const __u8 *to;

	if (!*nat)
		return NULL;
	to = find_receiver(*nat);
	if (!to && !((*nat)->flags & FL_NAT_REPLY) &&
	    ((*nat)->kind == FL_NAT_PUBLISHED || (*nat)->kind == FL_NAT_HAIRPIN)) {
		end_flow(&pkt->flow);
		*nat = NULL;
	}
	return to;
}

#endif
