// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* host.rules by hand. */
#define RULES 5
#include "packet.h"

enum { ANSWERS, SSH, WEB, PING, ARP };

static __always_inline int rules(const struct packet *p)
{
	if (p->has_proto && p->proto == IPPROTO_TCP) {
		if (p->has_flags && p->flags & 0x10)
			return decide(ANSWERS, p->bytes, XDP_PASS);
		if (p->has_dport && p->dport == 22 &&
		    ((p->family == 4 && in4(p->src, 0xc0000200, 24)) ||
		     (p->family == 6 && in6(p->src6, 0x20010db800220000, 48))))
			return decide(SSH, p->bytes, XDP_PASS);
		if (p->has_dport && (p->dport == 80 || p->dport == 443))
			return decide(WEB, p->bytes, XDP_PASS);
	} else if (p->has_icmp && p->icmp_type == 8 && p->ethertype == ETH_P_IP) {
		return decide(PING, p->bytes, XDP_PASS);
	} else if (p->ethertype == ETH_P_ARP) {
		return decide(ARP, p->bytes, XDP_PASS);
	}
	return decide(RULES, p->bytes, XDP_DROP);
}

#include "walk.h"
