/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Generated from the field table (`npm run generate`): do not edit.
 *
 * Every field, for templates that are compiled alone. A compiled rule file has its
 * own, with what its rules read, and defines PKTC_FIELDS_H.
 */
#ifndef PKTC_FIELDS_H
#define PKTC_FIELDS_H

#include <pktc/compare.h>
#include <pktc/packet.h>

#define PKTC_DEPTH PKTC_DEPTH_TRANSPORT

#define PKTC_HAS_SMAC 0x1
#define PKTC_HAS_DMAC 0x2
#define PKTC_HAS_ETHERTYPE 0x4
#define PKTC_HAS_VLAN 0x8
#define PKTC_HAS_SRC4 0x10
#define PKTC_HAS_SRC6 0x20
#define PKTC_HAS_DST4 0x40
#define PKTC_HAS_DST6 0x80
#define PKTC_HAS_PROTO 0x100
#define PKTC_HAS_TTL 0x200
#define PKTC_HAS_DSCP 0x400
#define PKTC_HAS_ECN 0x800
#define PKTC_HAS_FRAG 0x1000
#define PKTC_HAS_IP_LEN 0x2000
#define PKTC_HAS_SPORT 0x4000
#define PKTC_HAS_DPORT 0x8000
#define PKTC_HAS_FLAGS 0x10000
#define PKTC_HAS_TCP_WINDOW 0x20000
#define PKTC_HAS_ICMP_TYPE 0x40000
#define PKTC_HAS_ICMP_CODE 0x80000
#define PKTC_HAS_LEN 0x100000
#define PKTC_HAS_PAYLOAD_LEN 0x200000
#define PKTC_HAS_PAYLOAD_OFF 0x400000
#define PKTC_HAS_MALFORMED 0x800000

struct pktc_fields {
	struct pktc_u128 src6;
	struct pktc_u128 dst6;
	__u64 present;
	__u64 smac;
	__u64 dmac;
	__u32 src4;
	__u32 dst4;
	__u32 len;
	__u32 payload_len;
	__u32 payload_off;
	__u16 ethertype;
	__u16 vlan;
	__u16 ip_len;
	__u16 sport;
	__u16 dport;
	__u16 tcp_window;
	__u8 proto;
	__u8 ttl;
	__u8 dscp;
	__u8 ecn;
	__u8 frag;
	__u8 flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 malformed;
	__u8 padding[7];
};

static __always_inline
void pktc_read_ethernet(struct pktc_fields *f, const struct pktc_ethernet *eth, __u32 have)
{
	if (pktc_covers(have, eth, source)) {
		f->smac = pktc_mac(eth->source);
		f->present |= PKTC_HAS_SMAC;
	}
	if (pktc_covers(have, eth, dest)) {
		f->dmac = pktc_mac(eth->dest);
		f->present |= PKTC_HAS_DMAC;
	}
}

static __always_inline
void pktc_read_vlan(struct pktc_fields *f, const struct pktc_vlan *tag, __u32 have)
{
	if (pktc_covers(have, tag, tci)) {
		f->vlan = pktc_ntoh16(tag->tci) & 0xfff;
		f->present |= PKTC_HAS_VLAN;
	}
}

static __always_inline
void pktc_read_ipv4(struct pktc_fields *f, const struct pktc_ipv4 *ip, __u32 have)
{
	if (pktc_covers(have, ip, saddr)) {
		f->src4 = pktc_ntoh32(ip->saddr);
		f->present |= PKTC_HAS_SRC4;
	}
	if (pktc_covers(have, ip, daddr)) {
		f->dst4 = pktc_ntoh32(ip->daddr);
		f->present |= PKTC_HAS_DST4;
	}
	if (pktc_covers(have, ip, ttl)) {
		f->ttl = ip->ttl;
		f->present |= PKTC_HAS_TTL;
	}
	if (pktc_covers(have, ip, tos)) {
		f->dscp = (ip->tos & 0xfc) >> 2;
		f->present |= PKTC_HAS_DSCP;
	}
	if (pktc_covers(have, ip, tos)) {
		f->ecn = ip->tos & 0x3;
		f->present |= PKTC_HAS_ECN;
	}
	if (pktc_covers(have, ip, tot_len)) {
		f->ip_len = pktc_ntoh16(ip->tot_len);
		f->present |= PKTC_HAS_IP_LEN;
	}
}

static __always_inline
void pktc_read_ipv6(struct pktc_fields *f, const struct pktc_ipv6 *ip, __u32 have)
{
	if (pktc_covers(have, ip, saddr)) {
		f->src6.high = pktc_ntoh64(ip->saddr[0]);
		f->src6.low = pktc_ntoh64(ip->saddr[1]);
		f->present |= PKTC_HAS_SRC6;
	}
	if (pktc_covers(have, ip, daddr)) {
		f->dst6.high = pktc_ntoh64(ip->daddr[0]);
		f->dst6.low = pktc_ntoh64(ip->daddr[1]);
		f->present |= PKTC_HAS_DST6;
	}
	if (pktc_covers(have, ip, hop_limit)) {
		f->ttl = ip->hop_limit;
		f->present |= PKTC_HAS_TTL;
	}
	if (pktc_covers(have, ip, vtc)) {
		f->dscp = (pktc_ntoh16(ip->vtc) & 0xfc0) >> 6;
		f->present |= PKTC_HAS_DSCP;
	}
	if (pktc_covers(have, ip, vtc)) {
		f->ecn = (pktc_ntoh16(ip->vtc) & 0x30) >> 4;
		f->present |= PKTC_HAS_ECN;
	}
}

static __always_inline
void pktc_read_tcp(struct pktc_fields *f, const struct pktc_tcp *tcp, __u32 have)
{
	if (pktc_covers(have, tcp, source)) {
		f->sport = pktc_ntoh16(tcp->source);
		f->present |= PKTC_HAS_SPORT;
	}
	if (pktc_covers(have, tcp, dest)) {
		f->dport = pktc_ntoh16(tcp->dest);
		f->present |= PKTC_HAS_DPORT;
	}
	if (pktc_covers(have, tcp, flags)) {
		f->flags = tcp->flags;
		f->present |= PKTC_HAS_FLAGS;
	}
	if (pktc_covers(have, tcp, window)) {
		f->tcp_window = pktc_ntoh16(tcp->window);
		f->present |= PKTC_HAS_TCP_WINDOW;
	}
}

static __always_inline
void pktc_read_udp(struct pktc_fields *f, const struct pktc_udp *udp, __u32 have)
{
	if (pktc_covers(have, udp, source)) {
		f->sport = pktc_ntoh16(udp->source);
		f->present |= PKTC_HAS_SPORT;
	}
	if (pktc_covers(have, udp, dest)) {
		f->dport = pktc_ntoh16(udp->dest);
		f->present |= PKTC_HAS_DPORT;
	}
}

static __always_inline
void pktc_read_sctp(struct pktc_fields *f, const struct pktc_sctp *sctp, __u32 have)
{
	if (pktc_covers(have, sctp, source)) {
		f->sport = pktc_ntoh16(sctp->source);
		f->present |= PKTC_HAS_SPORT;
	}
	if (pktc_covers(have, sctp, dest)) {
		f->dport = pktc_ntoh16(sctp->dest);
		f->present |= PKTC_HAS_DPORT;
	}
}

static __always_inline
void pktc_read_icmp(struct pktc_fields *f, const struct pktc_icmp *icmp, __u32 have)
{
	if (pktc_covers(have, icmp, type)) {
		f->icmp_type = icmp->type;
		f->present |= PKTC_HAS_ICMP_TYPE;
	}
	if (pktc_covers(have, icmp, code)) {
		f->icmp_code = icmp->code;
		f->present |= PKTC_HAS_ICMP_CODE;
	}
}

static __always_inline
void pktc_read_icmp6(struct pktc_fields *f, const struct pktc_icmp *icmp, __u32 have)
{
	if (pktc_covers(have, icmp, type)) {
		f->icmp_type = icmp->type;
		f->present |= PKTC_HAS_ICMP_TYPE;
	}
	if (pktc_covers(have, icmp, code)) {
		f->icmp_code = icmp->code;
		f->present |= PKTC_HAS_ICMP_CODE;
	}
}

static __always_inline void pktc_read_facts(struct pktc_fields *f, const struct pktc_packet *p)
{
	f->ethertype = p->ethertype;
	if (p->known & PKTC_KNOWN_ETHERTYPE)
		f->present |= PKTC_HAS_ETHERTYPE;
	f->proto = p->proto;
	if (p->known & PKTC_KNOWN_PROTO)
		f->present |= PKTC_HAS_PROTO;
	f->frag = p->frag;
	if (p->known & PKTC_KNOWN_FRAG)
		f->present |= PKTC_HAS_FRAG;
	f->len = p->frame_len;
	f->present |= PKTC_HAS_LEN;
	f->payload_len = p->payload_len;
	if (p->known & PKTC_KNOWN_PAYLOAD)
		f->present |= PKTC_HAS_PAYLOAD_LEN;
	f->payload_off = p->payload_off;
	if (p->known & PKTC_KNOWN_PAYLOAD)
		f->present |= PKTC_HAS_PAYLOAD_OFF;
	f->malformed = p->malformed;
	f->present |= PKTC_HAS_MALFORMED;
}

#endif /* PKTC_FIELDS_H */
