// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* server.rules by hand. */
#define RULES 16
#include "packet.h"

enum {
	ARP, NO_FLAGS, XMAS, SYN_FIN, SPOOFED, FRAGMENT, ANSWERS, SSH_ADMIN,
	SSH, WEB, QUIC, DNS, NTP, MAIL, ICMP4, ICMP6,
};

static __always_inline bool spoofed(const struct packet *p)
{
	if (p->family == 4)
		return in4(p->src, 0, 8) || in4(p->src, 0x7f000000, 8) || in4(p->src, 0xe0000000, 4);
	return p->family == 6 && ((p->src6.high == 0 && p->src6.low == 1) || p->src6.high >> 56 == 0xff);
}

static __always_inline int rules(const struct packet *p)
{
	if (p->ethertype == ETH_P_ARP)
		return decide(ARP, p->bytes, XDP_PASS);
	if (p->has_flags) {
		if (p->flags == 0)
			return decide(NO_FLAGS, p->bytes, XDP_DROP);
		if ((p->flags & 0x29) == 0x29)
			return decide(XMAS, p->bytes, XDP_DROP);
		if ((p->flags & 0x03) == 0x03)
			return decide(SYN_FIN, p->bytes, XDP_DROP);
	}
	if (spoofed(p))
		return decide(SPOOFED, p->bytes, XDP_DROP);
	if (p->later)
		return decide(FRAGMENT, p->bytes, XDP_DROP);
	if (!p->has_proto)
		return decide(RULES, p->bytes, XDP_DROP);

	if (p->proto == IPPROTO_TCP && p->has_dport) {
		if (p->has_flags && p->flags & 0x10 && p->dport >= 1024)
			return decide(ANSWERS, p->bytes, XDP_PASS);
		switch (p->dport) {
		case 22:
			if ((p->family == 4 && in4(p->src, 0x0a000000, 8)) ||
			    (p->family == 6 && in6(p->src6, 0x20010db800010000, 48)))
				return decide(SSH_ADMIN, p->bytes, XDP_PASS);
			return decide(SSH, p->bytes, XDP_DROP);
		case 80:
		case 443:
			return decide(WEB, p->bytes, XDP_PASS);
		case 25:
		case 465:
		case 587:
			if (p->family == 6 || (p->family == 4 && !in4(p->src, 0xcb007100, 24)))
				return decide(MAIL, p->bytes, XDP_PASS);
		}
	} else if (p->proto == IPPROTO_UDP && p->has_sport) {
		if (p->has_dport && p->dport == 443)
			return decide(QUIC, p->bytes, XDP_PASS);
		if (p->sport == 53 && p->has_dport && p->dport >= 1024)
			return decide(DNS, p->bytes, XDP_PASS);
		if (p->sport == 123)
			return decide(NTP, p->bytes, XDP_PASS);
	} else if (p->has_icmp) {
		if (p->ethertype == ETH_P_IP) {
			if (p->icmp_type == 0 || p->icmp_type == 3 || p->icmp_type == 8 || p->icmp_type == 11)
				return decide(ICMP4, p->bytes, XDP_PASS);
		} else if ((p->icmp_type >= 1 && p->icmp_type <= 4) ||
			   (p->icmp_type >= 128 && p->icmp_type <= 137)) {
			return decide(ICMP6, p->bytes, XDP_PASS);
		}
	}
	return decide(RULES, p->bytes, XDP_DROP);
}

#include "walk.h"
