/* SPDX-License-Identifier: GPL-2.0-only */
/* Types and codes of ICMP errors in the other family (RFC 7915 4.2, 5.2). Each fails with -1 if it has no such error. */
#ifndef FL_LIB_MAP_ERROR_H
#define FL_LIB_MAP_ERROR_H

#include "icmp_error.h"

#define FL_GROWTH_V6 ((int)(sizeof(struct ipv6hdr) - sizeof(struct iphdr)))

#define FL_IPV6_MIN_MTU 1280 /* RFC 8200 5 */
#define FL_NEXT_HEADER_OFF 6

static __always_inline int map_error_to_v4(struct icmp_header *icmp)
{
	switch (icmp->type) {
	case ICMP6_UNREACHABLE:
		icmp->type = ICMP4_UNREACHABLE;
		if (icmp->code == 1) /* forbidden by a rule */
			icmp->code = 10;
		else if (icmp->code == 4) /* port */
			icmp->code = 3;
		else
			icmp->code = 1; /* host */
		icmp->info = 0;
		return 0;
	case ICMP6_TOO_BIG:
		icmp->type = ICMP4_UNREACHABLE;
		icmp->code = FL_ICMP_FRAGMENTATION_NEEDED;
		if (bpf_ntohl(icmp->info) < FL_IPV6_MIN_MTU || bpf_ntohl(icmp->info) > 0xffff)
			return -1;
		icmp->info = bpf_htonl(bpf_ntohl(icmp->info) - FL_GROWTH_V6);
		return 0;
	case ICMP6_TIME_EXCEEDED:
		icmp->type = ICMP4_TIME_EXCEEDED;
		icmp->info = 0;
		return 0;
	case ICMP6_PARAMETER_PROBLEM:
		if (icmp->code != 1) /* next header: protocol unreachable */
			return -1;
		icmp->type = ICMP4_UNREACHABLE;
		icmp->code = 2;
		icmp->info = 0;
		return 0;
	default:
		return -1;
	}
}

static __always_inline int map_unreachable_to_v6(struct icmp_header *icmp)
{
	__u32 mtu = bpf_ntohl(icmp->info) & 0xffff;

	icmp->type = ICMP6_UNREACHABLE;
	icmp->info = 0;
	switch (icmp->code) {
	case 2: /* protocol */
		icmp->type = ICMP6_PARAMETER_PROBLEM;
		icmp->code = 1;
		icmp->info = bpf_htonl(FL_NEXT_HEADER_OFF);
		return 0;
	case 3: /* port */
		icmp->code = 4;
		return 0;
	case FL_ICMP_FRAGMENTATION_NEEDED:
		icmp->type = ICMP6_TOO_BIG;
		icmp->code = 0;
		mtu += FL_GROWTH_V6;
		icmp->info = bpf_htonl(mtu < FL_IPV6_MIN_MTU ? FL_IPV6_MIN_MTU : mtu);
		return 0;
	case 9: /* forbidden by a rule */
	case 10:
	case 13:
	case 15:
		icmp->code = 1;
		return 0;
	case 14: /* precedence */
		return -1;
	default:
		icmp->code = 0; /* no route */
		return 0;
	}
}

static __always_inline int map_error_to_v6(struct icmp_header *icmp)
{
	if (icmp->type == ICMP4_UNREACHABLE)
		return map_unreachable_to_v6(icmp);
	if (icmp->type != ICMP4_TIME_EXCEEDED)
		return -1;
	icmp->type = ICMP6_TIME_EXCEEDED;
	icmp->info = 0;
	return 0;
}

#endif
