// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* mixed.rules by hand. */
#define RULES 32
#include "packet.h"

enum {
	ARP, BOGONS, BOGONS6, TCP, UDP, OPENED, NO_FLAGS, SYN_FIN,
	SYN_RST, FRAGMENT, BLOCKED, WINDOWS, AMPLIFIERS, ANSWERS, SSH_ADMIN, SSH,
	WEB4, WEB6, PROXY, MAIL, IMAP, DATABASE_IN, DATABASE, RESOLVED,
	DNS, NTP, QUIC, WIREGUARD, IPSEC, ICMP4, ICMP6, LARGE,
};

static __always_inline bool blocked(__u32 src)
{
	return in4(src, 0x05080000, 16) || in4(src, 0x1f0d1800, 21) || in4(src, 0x2d091400, 24) ||
	       in4(src, 0x3e040000, 19) || in4(src, 0x4d5b4400, 24) || in4(src, 0x5bc80c00, 22) ||
	       in4(src, 0x67051000, 22) || in4(src, 0x8d620a00, 23) || in4(src, 0xb9dc6400, 22);
}

/* What is left when no rule decides. */
static __always_inline int rest(const struct packet *p)
{
	if (p->bytes > 1500)
		count(LARGE, p->bytes);
	return decide(RULES, p->bytes, XDP_DROP);
}

static __always_inline int tcp(const struct packet *p)
{
	if (p->has_flags && p->flags & 0x10 && p->dport >= 32768)
		return decide(ANSWERS, p->bytes, XDP_PASS);
	switch (p->dport) {
	case 135:
	case 137:
	case 138:
	case 139:
	case 445:
	case 3389:
	case 5900:
		return decide(WINDOWS, p->bytes, XDP_DROP);
	case 22:
		if (p->family == 4 ? in4(p->src, 0x0a000000, 8) || in4(p->src, 0xc0000210, 28) :
				     in6(p->src6, 0x20010db800010000, 48))
			return decide(SSH_ADMIN, p->bytes, XDP_PASS);
		return decide(SSH, p->bytes, XDP_DROP);
	case 80:
	case 443:
		if (p->family == 4 && in4(p->dst, 0xc6336400, 24))
			return decide(WEB4, p->bytes, XDP_PASS);
		if (p->family == 6 && in6(p->dst6, 0x20010db800800000, 48))
			return decide(WEB6, p->bytes, XDP_PASS);
		return rest(p);
	case 8080:
		if (p->family == 4 && p->dst >= 0xc633640a && p->dst <= 0xc6336414)
			return decide(PROXY, p->bytes, XDP_PASS);
		return rest(p);
	case 25:
	case 465:
	case 587:
		if (p->family == 4 && p->dst == 0xc6336419)
			return decide(MAIL, p->bytes, XDP_PASS);
		return rest(p);
	case 143:
	case 993:
		return decide(IMAP, p->bytes, XDP_PASS);
	case 3306:
	case 5432:
		if (p->family == 4 && in4(p->src, 0x0a140000, 16))
			return decide(DATABASE_IN, p->bytes, XDP_PASS);
		return decide(DATABASE, p->bytes, XDP_DROP);
	}
	return rest(p);
}

static __always_inline int udp(const struct packet *p)
{
	switch (p->dport) {
	case 19:
	case 111:
	case 389:
	case 1900:
	case 11211:
		return decide(AMPLIFIERS, p->bytes, XDP_DROP);
	}
	if (p->sport == 53 && p->dport >= 1024)
		return decide(RESOLVED, p->bytes, XDP_PASS);
	switch (p->dport) {
	case 53:
		if (p->family == 4 ? p->dst == 0xc6336435 :
				     p->dst6.high == 0x20010db800530000 && p->dst6.low == 0x53)
			return decide(DNS, p->bytes, XDP_PASS);
		break;
	case 123:
		if (p->sport == 123)
			return decide(NTP, p->bytes, XDP_PASS);
		break;
	case 443:
		return decide(QUIC, p->bytes, XDP_PASS);
	case 51820:
		return decide(WIREGUARD, p->bytes, XDP_PASS);
	case 500:
	case 4500:
		return decide(IPSEC, p->bytes, XDP_PASS);
	}
	return rest(p);
}

static __always_inline int rules(const struct packet *p)
{
	if (p->ethertype == ETH_P_ARP)
		return decide(ARP, p->bytes, XDP_PASS);
	if (p->family == 4) {
		if (in4(p->src, 0, 8) || in4(p->src, 0x7f000000, 8) || in4(p->src, 0xa9fe0000, 16) ||
		    p->src >= 0xe0000000)
			return decide(BOGONS, p->bytes, XDP_DROP);
	} else if (p->family == 6) {
		if ((p->src6.high == 0 && p->src6.low == 1) || p->src6.high >> 56 == 0xff ||
		    in6(p->src6, 0x20010db80bad0000, 48))
			return decide(BOGONS6, p->bytes, XDP_DROP);
	}
	if (p->has_proto && p->proto == IPPROTO_TCP) {
		count(TCP, p->bytes);
		if (p->has_flags) {
			if ((p->flags & 0x12) == 0x02)
				count(OPENED, p->bytes);
			if (p->flags == 0)
				return decide(NO_FLAGS, p->bytes, XDP_DROP);
			if ((p->flags & 0x03) == 0x03)
				return decide(SYN_FIN, p->bytes, XDP_DROP);
			if ((p->flags & 0x06) == 0x06)
				return decide(SYN_RST, p->bytes, XDP_DROP);
		}
	} else if (p->has_proto && p->proto == IPPROTO_UDP) {
		count(UDP, p->bytes);
	}
	if (p->later)
		return decide(FRAGMENT, p->bytes, XDP_DROP);
	if (p->family == 4 && blocked(p->src))
		return decide(BLOCKED, p->bytes, XDP_DROP);
	if (p->has_proto && p->has_dport) {
		if (p->proto == IPPROTO_TCP)
			return tcp(p);
		if (p->proto == IPPROTO_UDP)
			return udp(p);
	}
	if (p->has_icmp) {
		if (p->ethertype == ETH_P_IP) {
			if (p->icmp_type == 0 || p->icmp_type == 3 || p->icmp_type == 8 || p->icmp_type == 11)
				return decide(ICMP4, p->bytes, XDP_PASS);
		} else if ((p->icmp_type >= 1 && p->icmp_type <= 4) || p->icmp_type == 128 ||
			   p->icmp_type == 129 || (p->icmp_type >= 133 && p->icmp_type <= 137)) {
			return decide(ICMP6, p->bytes, XDP_PASS);
		}
	}
	return rest(p);
}

#include "walk.h"
