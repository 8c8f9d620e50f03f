/* SPDX-License-Identifier: GPL-2.0-only */
/* What a packet changes in the state of its flow.
 *
 * Entries are shared between CPUs and cannot be locked, so each is only written when something changes. Two
 * CPUs that change one at once may lose a flag or miscount; the next packet, or the next run of collect, mends it.
 */
#ifndef FL_LIB_FLOW_STATE_H
#define FL_LIB_FLOW_STATE_H

#include "config.h"
#include "flow.h"
#include "flow_count.h"
#include "maps.h"
#include "packet.h"

#define FL_NS_PER_S 1000000000ULL

#define FL_TCP_FIN 0x01
#define FL_TCP_SYN 0x02
#define FL_TCP_RST 0x04
#define FL_TCP_ACK 0x10

/* Is an entry to be refreshed? Once a second. The clock is asked when jiffies move on: they cost nothing to read. */
static __always_inline int is_due(struct fl_nat *nat)
{
	__u32 tick = bpf_jiffies64();
	__u64 now;

	if (nat->tick == tick)
		return 0;
	nat->tick = tick;
	now = bpf_ktime_get_coarse_ns();
	return now > nat->last_seen && now - nat->last_seen > FL_NS_PER_S;
}

/* Half a flow lets packets go out whose answers get lost, or go elsewhere. Missing: made again. Answers if the
 * flow is whole; if not, its entry is gone, and the packet belongs to none. */
static __noinline int keep_twin(const struct packet *pkt, const struct fl_nat *nat)
{
	const struct fl_nat *twin;
	struct fl_nat again = {};
	struct fl_flow key = {};

	if (!nat)
		return 0;
	fill_twin_key(nat, pkt->flow.proto, &key);
	twin = bpf_map_lookup_elem(&fl_nat, &key);
	if (twin) {
		if (leads_back(twin, &pkt->flow))
			return 1;
		bpf_map_delete_elem(&fl_nat, &pkt->flow);
		return 0;
	}
	fill_twin(&pkt->flow, nat, &again);
	bpf_map_update_elem(&fl_nat, &key, &again, BPF_NOEXIST);
	return 1;
}

/* A client's first packet, maybe of its next connection from the same port. */
static __always_inline int is_opening(const struct packet *pkt, const struct fl_nat *nat)
{
	return (pkt->tcp_flags & (FL_TCP_SYN | FL_TCP_ACK | FL_TCP_RST)) == FL_TCP_SYN &&
	       !(nat->flags & FL_NAT_REPLY);
}

static __always_inline __u32 next_flags(const struct packet *pkt, const struct fl_nat *nat)
{
	__u32 flags = nat->flags;

	if (is_opening(pkt, nat))
		return flags;
	if (pkt->tcp_flags & FL_TCP_FIN)
		flags |= FL_NAT_FIN;
	/* A reset opens nothing; and a forged one must not end a flow that goes on. */
	if (pkt->tcp_flags & FL_TCP_RST)
		flags |= FL_NAT_RST;
	else
		flags = (flags & ~FL_NAT_RST) | FL_NAT_SEEN;
	return flags;
}

/* The client uses the port again after its last connection ended. The host's forward rules, if they are asked, had
 * only let that one pass. */
static __always_inline void open_anew(struct fl_nat *nat, struct fl_nat *twin)
{
	const __u8 past = FL_NAT_SEEN | FL_NAT_FIN | FL_NAT_RST;
	__u8 waits = nat->kind == FL_NAT_PUBLISHED && fl_config.host_rules ? FL_NAT_WAITS : 0;

	if (!((nat->flags | (twin ? twin->flags : 0)) & (FL_NAT_FIN | FL_NAT_RST)))
		return;
	if (is_open(nat, twin, IPPROTO_TCP))
		count_reopened(counted_for(nat));
	nat->flags = (nat->flags & ~past) | waits;
	if (twin)
		twin->flags = (twin->flags & ~past) | waits;
}

static __noinline int change_state(const struct packet *pkt, struct fl_nat *nat, __u32 flags)
{
	struct fl_flow key = {};
	struct fl_nat *twin;
	int was_open;

	if (!nat)
		return 0;
	fill_twin_key(nat, pkt->flow.proto, &key);
	twin = bpf_map_lookup_elem(&fl_nat, &key);
	if (twin && !leads_back(twin, &pkt->flow))
		twin = NULL;
	if (is_opening(pkt, nat)) {
		open_anew(nat, twin);
		return 0;
	}
	was_open = is_open(nat, twin, pkt->flow.proto);
	nat->flags = flags;
	if (!was_open && is_open(nat, twin, pkt->flow.proto))
		count_opened(counted_for(nat));
	return 0;
}

/* Call once for each packet that goes by the flow. */
static __always_inline void touch_nat(struct fl_nat *nat, const struct packet *pkt)
{
	__u32 flags = next_flags(pkt, nat);

	if (flags != nat->flags || is_opening(pkt, nat))
		change_state(pkt, nat, flags);
	if (pkt->is_due)
		nat->last_seen = bpf_ktime_get_coarse_ns();
}

#endif
