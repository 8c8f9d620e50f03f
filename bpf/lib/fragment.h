/* SPDX-License-Identifier: GPL-2.0-only */
/* Only the first fragment of a datagram has ports; the later ones borrow them. */
#ifndef FL_LIB_FRAGMENT_H
#define FL_LIB_FRAGMENT_H

#include "maps.h"
#include "packet.h"
#include "parse_v6.h"

static __always_inline void fill_frag_key(const struct packet *pkt, struct fl_frag_key *key)
{
	key->src = pkt->flow.src;
	key->dst = pkt->flow.dst;
	key->id = pkt->frag_id;
	key->proto = pkt->flow.proto;
}

/* A later fragment of IPv6 does not show its protocol if other headers were cut along with the payload. The
 * identification is enough to find it (RFC 8200 4.5). */
static __always_inline const struct fl_frag *find_hidden(struct packet *pkt,
							 struct fl_frag_key *key)
{
	__u32 protos =
		IPPROTO_UDP | IPPROTO_TCP << 8 | IPPROTO_ICMPV6 << 16 | (__u32)IPPROTO_SCTP << 24;
	const struct fl_frag *frag;
	int i;

	for (i = 0; i < 4; i++, protos >>= 8) {
		key->proto = protos;
		frag = bpf_map_lookup_elem(&fl_frags, key);
		if (frag) {
			pkt->flow.proto = protos;
			return frag;
		}
	}
	return NULL;
}

/* Ports of a later fragment. FL_DROP_FRAGMENT if no first one was translated. */
static __noinline enum fl_reason borrow_ports(struct packet *pkt)
{
	struct fl_frag_key key = {};
	const struct fl_frag *frag;

	fill_frag_key(pkt, &key);
	frag = bpf_map_lookup_elem(&fl_frags, &key);
	if (!frag && !pkt->is_v4 && is_ext_header(pkt->flow.proto))
		frag = find_hidden(pkt, &key);
	if (!frag)
		return FL_DROP_FRAGMENT;
	pkt->flow.sport = frag->sport;
	pkt->flow.dport = frag->dport;
	return FL_OK;
}

/* Call with the first fragment of every translated datagram, before it is sent. */
static __noinline int lend_ports(const struct packet *pkt)
{
	struct fl_frag frag = {.sport = pkt->flow.sport, .dport = pkt->flow.dport};
	struct fl_frag_key key = {};

	fill_frag_key(pkt, &key);
	return bpf_map_update_elem(&fl_frags, &key, &frag, BPF_ANY);
}

#endif
