/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The answer to a packet, from its transport layer: a reset, or an unreachable. */
#ifndef PKTC_ANSWER_TRANSPORT_H
#define PKTC_ANSWER_TRANSPORT_H

#include <pktc/answer_packet.h>

enum {
	PKTC_TCP_FIN = 0x01,
	PKTC_TCP_SYN = 0x02,
	PKTC_TCP_RST = 0x04,
	PKTC_TCP_ACK = 0x10,
};

/* IANA: ICMP Type Numbers, ICMPv6 Parameters */
enum {
	PKTC_ICMP_UNREACHABLE = 3,
	PKTC_ICMP_PORT = 3,
	PKTC_ICMP_PROHIBITED = 13,
	PKTC_ICMP_TYPE_MAX = 18,
	PKTC_ICMP6_UNREACHABLE = 1,
	PKTC_ICMP6_PROHIBITED = 1,
	PKTC_ICMP6_PORT = 4,
	PKTC_ICMP6_INFORMATION = 128,
	PKTC_ICMP6_DISCOVERY = 133,
	PKTC_ICMP6_REDIRECT = 137,
};

#define PKTC_ANSWER_TTL 64
#define PKTC_IPV4_DONT_FRAGMENT 0x4000
/* RFC 1812 4.3.2.5: precedence 6, internetwork control. */
#define PKTC_ICMP_TOS 0xc0

/* The quoted header of `size` bytes, a constant of at most 64, where the transport begins; NULL: not all there. */
static __always_inline const void *pktc_quoted(const struct pktc_answers *a, __u32 size)
{
	__u32 off = a->transport;

	pktc_opaque(off);
	if (off > PKTC_QUOTE6_BYTES || off + size > a->quoted)
		return NULL;
	return a->quote + (off & PKTC_QUOTE_MASK);
}

/*
 * Whether the checksum over `size` bytes of transport is right. What comes from this
 * machine, or out of a virtual one, may have that of the pseudo header alone, for a
 * network card to complete.
 */
static __always_inline bool pktc_is_whole(struct pktc_ctx *ctx, struct pktc_answers *a, __u32 size,
					  __be16 check, __u64 pseudo)
{
	int sum = pktc_sum_frame(ctx, a, a->link_len + a->transport, size);

	if (sum < 0)
		return false;
	if (pktc_fold((__u64)sum + pseudo) == 0xffff)
		return true;
	a->partial = pseudo != 0 && pktc_fold(pseudo) == check;
	return a->partial;
}

/* RFC 9293 3.10.7.1: what a host says that knows no such connection. */
__noinline int pktc_answer_tcp(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	const struct pktc_tcp *tcp;
	struct pktc_tcp *reset;
	__u32 size, header_len, seq;
	__u8 flags;

	/* How much a segment in fragments acknowledges is not known here. */
	if (!a || a->fragment)
		return false;
	tcp = pktc_quoted(a, sizeof(*tcp));
	if (!tcp || a->transport > a->total)
		return false;
	size = a->total - a->transport;
	header_len = (tcp->data_off >> 4) * 4;
	flags = tcp->flags;
	if (header_len < sizeof(*tcp) || header_len > size || flags & PKTC_TCP_RST)
		return false;
	if (!pktc_is_whole(ctx, a, size, tcp->check, pktc_sum_pseudo(a, PKTC_PROTO_TCP, size)))
		return false;

	reset = (void *)(a->head + (a->ip_len == sizeof(struct pktc_ipv6) ?
					    sizeof(struct pktc_ipv6) :
					    sizeof(struct pktc_ipv4)));
	reset->source = tcp->dest;
	reset->dest = tcp->source;
	reset->data_off = sizeof(*reset) / 4 << 4;
	if (flags & PKTC_TCP_ACK) {
		reset->seq = tcp->ack_seq;
		reset->flags = PKTC_TCP_RST;
	} else {
		seq = pktc_ntoh32(tcp->seq) + size - header_len;
		seq += (flags & PKTC_TCP_SYN ? 1 : 0) + (flags & PKTC_TCP_FIN ? 1 : 0);
		reset->ack_seq = pktc_ntoh32(seq);
		reset->flags = PKTC_TCP_RST | PKTC_TCP_ACK;
	}
	a->head_len = a->ip_len + sizeof(*reset);
	a->quoted = 0;
	return true;
}

/* Whether an unreachable may answer a message of this type: never an error, nor what keeps neighbours together. */
static __always_inline bool pktc_is_question(__u16 family, __u8 type)
{
	if (family == PKTC_TYPE_IPV6)
		return type >= PKTC_ICMP6_INFORMATION &&
		       !(type >= PKTC_ICMP6_DISCOVERY && type <= PKTC_ICMP6_REDIRECT);
	/* Destination unreachable, source quench, redirect, time exceeded, parameter problem. */
	return type <= PKTC_ICMP_TYPE_MAX && type != 3 && type != 4 && type != 5 && type != 11 &&
	       type != 12;
}

static __always_inline bool pktc_check_udp(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	const struct pktc_udp *udp = pktc_quoted(a, sizeof(*udp));
	__u32 size;

	if (!udp || a->transport > a->total)
		return false;
	size = pktc_ntoh16(udp->len);
	/* Of a fragment there is not enough to tell, and a checksum of 0 is none. */
	if (a->fragment)
		return true;
	if (size < sizeof(*udp) || size > a->total - a->transport)
		return false;
	return !udp->check || pktc_is_whole(ctx, a, size, udp->check,
					    pktc_sum_pseudo(a, PKTC_PROTO_UDP, size));
}

static __always_inline bool pktc_check_icmp(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	const struct pktc_icmp *icmp = pktc_quoted(a, sizeof(*icmp));
	__u64 pseudo = 0;
	__u32 size;

	if (!icmp || a->transport > a->total || !pktc_is_question(a->type, icmp->type))
		return false;
	if (a->fragment)
		return true;
	size = a->total - a->transport;
	if (a->type == PKTC_TYPE_IPV6)
		pseudo = pktc_sum_pseudo(a, PKTC_PROTO_ICMP6, size);
	return pktc_is_whole(ctx, a, size, icmp->checksum, pseudo);
}

/* ICMP or ICMPv6 unreachable: the port for UDP, so that programs are told; for others that it is prohibited. */
__noinline int pktc_answer_other(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	struct pktc_icmp *icmp;

	if (!a)
		return false;
	if (a->proto == PKTC_PROTO_UDP && !pktc_check_udp(ctx, a))
		return false;
	if (a->proto == (a->type == PKTC_TYPE_IPV6 ? PKTC_PROTO_ICMP6 : PKTC_PROTO_ICMP) &&
	    !pktc_check_icmp(ctx, a))
		return false;
	if (a->type == PKTC_TYPE_IPV6) {
		icmp = (void *)(a->head + sizeof(struct pktc_ipv6));
		icmp->type = PKTC_ICMP6_UNREACHABLE;
		icmp->code = a->proto == PKTC_PROTO_UDP ? PKTC_ICMP6_PORT : PKTC_ICMP6_PROHIBITED;
	} else {
		icmp = (void *)(a->head + sizeof(struct pktc_ipv4));
		icmp->type = PKTC_ICMP_UNREACHABLE;
		icmp->code = a->proto == PKTC_PROTO_UDP ? PKTC_ICMP_PORT : PKTC_ICMP_PROHIBITED;
	}
	a->head_len = a->ip_len + sizeof(*icmp);
	return true;
}

#endif /* PKTC_ANSWER_TRANSPORT_H */
