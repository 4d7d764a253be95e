/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Packets as nearly all are: TCP, UDP or ICMP right behind IPv4 or IPv6, right behind Ethernet
 * or a VLAN tag, with whole headers. Which flow such a packet is of, its bytes say as they lie,
 * under a mask; so the flow cache is asked for it before anything is taken apart and before the
 * rules' data are looked up. Where rules ask for more than these bytes say, no packet is plain,
 * and flows are known by keys alone.
 */
#ifndef PKTC_PLAIN_H
#define PKTC_PLAIN_H

#include <pktc/context.h>
#include <pktc/flow_cache.h>
#include <pktc/headers.h>

/* Of these a program's PKTC_PLAIN_PARTS is made: what tells flows apart beside their protocol; of ICMP, that rules ask for nothing in it. */
#define PKTC_PLAIN_PACKETS 1
#define PKTC_PLAIN_SRC 2
#define PKTC_PLAIN_DST 4
#define PKTC_PLAIN_SPORT 8
#define PKTC_PLAIN_DPORT 16
#define PKTC_PLAIN_FLAGS 32
#define PKTC_PLAIN_ICMP 64
#define PKTC_PLAIN_VLAN 128

/* 0: no packet is plain. */
#ifdef PKTC_PLAIN_PARTS
#define PKTC_PLAIN_FLOW (PKTC_PLAIN_PARTS)
#else
#define PKTC_PLAIN_FLOW 0
#endif

/*
 * Generation of the data at work, for packets that ask ahead of them; 0, of which nothing is
 * kept, while they are replaced. Written by the loader.
 */
#if PKTC_PLAIN_FLOW
__u32 pktc_generation = 0;
#define pktc_plain_generation() pktc_read(pktc_generation)
#else
#define pktc_plain_generation() 0
#endif

/* Eight bytes as they lie: those from `at` on are `value`. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PKTC_PLAIN_PLACE(at, bytes) (8 * (at))
#else
#define PKTC_PLAIN_PLACE(at, bytes) (64 - 8 * ((at) + (bytes)))
#endif
#define pktc_plain_byte(value, at) ((__u64)(value) << PKTC_PLAIN_PLACE(at, 1))
#define pktc_plain_two(value, at) ((__u64)(value) << PKTC_PLAIN_PLACE(at, 2))
#define pktc_plain_four(value, at) ((__u64)(value) << PKTC_PLAIN_PLACE(at, 4))

/* All of a mask where it tells flows apart. */
#define PKTC_PLAIN_MASK(part, mask) (PKTC_PLAIN_FLOW & (part) ? (mask) : 0)
#define PKTC_PLAIN_PORTS(at)                                              \
	(PKTC_PLAIN_MASK(PKTC_PLAIN_SPORT, pktc_plain_two(0xffff, at)) | \
	 PKTC_PLAIN_MASK(PKTC_PLAIN_DPORT, pktc_plain_two(0xffff, (at) + 2)))

/* The first eight bytes of an IPv4 header, as far as they matter: version 4, five words, no fragment. */
#define PKTC_PLAIN_FIRST pktc_plain_byte(0x45, 0)
#define PKTC_PLAIN_FIRST_MASK \
	(pktc_plain_byte(0xff, 0) | pktc_plain_byte(0x3f, 6) | pktc_plain_byte(0xff, 7))
/* The next: protocol and source. The flags and the tag have places that are left out there. */
#define PKTC_PLAIN_SECOND_MASK \
	(pktc_plain_byte(0xff, 1) | PKTC_PLAIN_MASK(PKTC_PLAIN_SRC, pktc_plain_four(0xffffffff, 4)))
#define pktc_plain_second(flags, tag) (pktc_plain_byte(flags, 0) | pktc_plain_two(tag, 2))
/* And the next, without the ports behind it. */
#define PKTC_PLAIN_THIRD_MASK PKTC_PLAIN_MASK(PKTC_PLAIN_DST, pktc_plain_four(0xffffffff, 0))
/* Of the first eight of IPv6: what is behind it. Ports, in the first of what is, flags and the tag have other places. */
#define PKTC_PLAIN_NEXT_MASK pktc_plain_byte(0xff, 6)
#define pktc_plain_next(flags, tag) (pktc_plain_byte(flags, 7) | pktc_plain_two(tag, 4))

enum pktc_plain_family {
	PKTC_PLAIN_NONE = 0, /* not plain */
	PKTC_PLAIN_IPV4,
	PKTC_PLAIN_IPV6,
	PKTC_PLAIN_OTHER, /* of neither family, as far as has been looked */
	PKTC_PLAIN_UNRULED, /* of a family that no rule decides about: what the default says, plain or not */
};

struct pktc_plain {
	const void *at; /* the network layer's header */
	const void *end; /* of the frame */
	__be16 tag; /* what is in the VLAN tag, as far as it tells flows apart */
	__u8 proto; /* protocol, or next header */
};

static __always_inline __u8 pktc_plain_flags(const struct pktc_plain *p, const struct pktc_tcp *tcp)
{
	return PKTC_PLAIN_FLOW & PKTC_PLAIN_FLAGS && p->proto == PKTC_PROTO_TCP ? tcp->flags : 0;
}

/*
 * The mask where there are ports: with TCP (6) and UDP (17), and not with ICMP, which is 1 behind IPv4 and 58 behind IPv6; lines know
 * no other protocol. No branch, which nobody could foretell.
 */
static __always_inline __u64 pktc_plain_ports(__u64 mask, const bool six, __u8 proto)
{
	__s64 has = six ? (__s64)proto - PKTC_PROTO_ICMP6 : (__s64)PKTC_PROTO_ICMP - proto;

	if (!mask)
		return 0;
	pktc_opaque(has);
	return mask & (has >> 63);
}

/* Bytes of the header that follows: of TCP (0b110), else of UDP and ICMP. No branch, either. */
static __always_inline __u32 pktc_plain_least(__u8 proto)
{
	return sizeof(struct pktc_udp) + (proto & 4) * ((sizeof(struct pktc_tcp) - sizeof(struct pktc_udp)) / 4);
}

static __always_inline bool pktc_plain_ipv4(struct pktc_plain *p, struct pktc_flow *flow)
{
	const struct pktc_ipv4 *ip = p->at;
	const struct pktc_tcp *tcp = (const void *)(ip + 1);
	const __u32 least = sizeof(*ip) + pktc_plain_least(ip->protocol);
	const __u64 *at = p->at;
	__u32 i;

	if ((at[0] & PKTC_PLAIN_FIRST_MASK) != PKTC_PLAIN_FIRST ||
	    pktc_ntoh16(ip->tot_len) < least)
		return false;
	p->proto = ip->protocol;
	/* Of an address and a port, the last byte differs most, and belongs at the bottom of a word: PKTC_FLOW_HASH(). */
	pktc_flow_add(flow, 0, pktc_ntoh64((at[1] & PKTC_PLAIN_SECOND_MASK) | pktc_plain_second(pktc_plain_flags(p, tcp), p->tag)));
	pktc_flow_add(flow, 1, pktc_ntoh64(at[2] & (PKTC_PLAIN_THIRD_MASK | pktc_plain_ports(PKTC_PLAIN_PORTS(4), false, p->proto))));
#pragma unroll
	for (i = 2; i < pktc_flow_words(false); i++)
		pktc_flow_add(flow, i, 0);
	return true;
}

static __always_inline __u8 pktc_plain_version(const __u8 *ip)
{
	return ip[0] >> 4;
}

static __always_inline bool pktc_plain_ipv6(struct pktc_plain *p, struct pktc_flow *flow)
{
	const struct pktc_ipv6 *ip = p->at;
	const struct pktc_tcp *tcp = (const void *)(ip + 1);
	const __u32 least = pktc_plain_least(ip->nexthdr);
	const __u64 *at = p->at;
	__u32 i;

	if ((const void *)(tcp + 1) > p->end || pktc_plain_version(p->at) != 6 ||
	    pktc_ntoh16(ip->payload_len) < least)
		return false;
	p->proto = ip->nexthdr;
#pragma unroll
	for (i = 0; i < 4; i++)
		pktc_flow_add(flow, i, PKTC_PLAIN_FLOW & (i < 2 ? PKTC_PLAIN_SRC : PKTC_PLAIN_DST) ? pktc_ntoh64(pktc_read(at[1 + i])) : 0);
	pktc_flow_add(flow, 4, (pktc_read(at[0]) & PKTC_PLAIN_NEXT_MASK) | (pktc_read(at[5]) & pktc_plain_ports(PKTC_PLAIN_PORTS(0), true, p->proto)) |
				       pktc_plain_next(pktc_plain_flags(p, tcp), p->tag));
#pragma unroll
	for (i = 5; i < pktc_flow_words(true); i++)
		pktc_flow_add(flow, i, 0);
	return true;
}

/* Whether a packet can be plain, asked ahead of all else: a call, which would make registers that are in use be saved. */
static __always_inline bool pktc_may_be_plain(struct pktc_ctx *ctx)
{
	struct pktc_tag kept;

	return PKTC_PLAIN_FLOW && pktc_in_one_piece(ctx) && !pktc_kept_tag(ctx, &kept);
}

/* Which flow a packet is of whose network layer is at p->at, right behind its type. */
static __always_inline enum pktc_plain_family
pktc_plain_network(__u32 generation, enum pktc_flow_kind kind, struct pktc_flow *flow, struct pktc_plain *p)
{
	__be16 type = *(const __be16 *)(p->at - sizeof(__be16));

	flow->salt = pktc_flow_salt(generation, kind);
	flow->hash = 0;
	if (likely(type == pktc_ntoh16(PKTC_TYPE_IPV4))) {
		if (!PKTC_FLOW_LINES4)
			return PKTC_PLAIN_UNRULED;
		return pktc_plain_ipv4(p, flow) ? PKTC_PLAIN_IPV4 : PKTC_PLAIN_NONE;
	}
	if (type != pktc_ntoh16(PKTC_TYPE_IPV6))
		return PKTC_PLAIN_OTHER;
	if (PKTC_FLOW_LINES6)
		return pktc_plain_ipv6(p, flow) ? PKTC_PLAIN_IPV6 : PKTC_PLAIN_NONE;
	/* Where rules ask for no address, those about IPv4 are about all packets; and so are those about packets without any. */
	return PKTC_PLAIN_FLOW & (PKTC_PLAIN_SRC | PKTC_PLAIN_DST) && pktc_plain_version(p->at) == 6 ?
		       PKTC_PLAIN_UNRULED :
		       PKTC_PLAIN_NONE;
}

/* What there is at least behind Ethernet and its tag. */
#define PKTC_PLAIN_LEAST (sizeof(struct pktc_ipv4) + sizeof(struct pktc_tcp))

/*
 * Which flow a packet is of that may be plain, as far as lines need know: it may be of a protocol that no line has. Packets that would
 * end within a TCP header are left out, though they may be of UDP: a frame on a wire has more.
 */
static __always_inline enum pktc_plain_family
pktc_plain_read(struct pktc_ctx *ctx, __u32 generation, struct pktc_flow *flow, struct pktc_plain *p)
{
	const struct pktc_ethernet *ethernet = (const void *)(long)ctx->data;
	const struct pktc_vlan *tag = (const void *)(ethernet + 1);
	enum pktc_plain_family family;

	p->end = (const void *)(long)ctx->data_end;
	p->at = ethernet + 1;
	p->tag = 0;
	if (p->at + PKTC_PLAIN_LEAST > p->end)
		return PKTC_PLAIN_NONE;
	family = pktc_plain_network(generation, PKTC_FLOW_UNTAGGED, flow, p);
	if (likely(family != PKTC_PLAIN_OTHER))
		return family;
	p->at = tag + 1;
	if (ethernet->type != pktc_ntoh16(PKTC_TYPE_VLAN) || p->at + PKTC_PLAIN_LEAST > p->end)
		return PKTC_PLAIN_NONE;
	p->tag = PKTC_PLAIN_FLOW & PKTC_PLAIN_VLAN ? tag->tci : 0;
	family = pktc_plain_network(generation, PKTC_FLOW_TAGGED, flow, p);
	return family == PKTC_PLAIN_OTHER ? PKTC_PLAIN_NONE : family;
}

static __always_inline __u64 *pktc_plain_found(struct pktc_flow_lines *lines, enum pktc_plain_family family,
					       const struct pktc_flow *flow, __u32 *decided)
{
	if (family == PKTC_PLAIN_IPV4)
		return pktc_flow_found(lines, false, flow, decided);
	return family == PKTC_PLAIN_IPV6 ? pktc_flow_found(lines, true, flow, decided) : NULL;
}

/* Of which flow a plain packet is, and of which family. */
static __always_inline enum pktc_plain_family
pktc_plain_flow(struct pktc_ctx *ctx, __u32 generation, struct pktc_flow *flow)
{
	enum pktc_plain_family family;
	struct pktc_plain p;

	if (!pktc_may_be_plain(ctx))
		return PKTC_PLAIN_NONE;
	family = pktc_plain_read(ctx, generation, flow, &p);
	if (family == PKTC_PLAIN_UNRULED)
		return PKTC_PLAIN_NONE;
	if (family == PKTC_PLAIN_NONE || p.proto == PKTC_PROTO_TCP || p.proto == PKTC_PROTO_UDP)
		return family;
	if (PKTC_PLAIN_FLOW & PKTC_PLAIN_ICMP &&
	    p.proto == (family == PKTC_PLAIN_IPV4 ? PKTC_PROTO_ICMP : PKTC_PROTO_ICMP6))
		return family;
	return PKTC_PLAIN_NONE;
}

/* Keeps what was decided for a packet, plain or not. Returns whether there was no room. */
static __always_inline bool pktc_flow_put(struct pktc_ctx *ctx, struct pktc_flow_lines *lines,
					  const __u8 *data, const struct pktc_key *key, __u32 set,
					  __u32 decided)
{
	const struct pktc_data_head *head = (const void *)data;
	enum pktc_plain_family family;
	struct pktc_flow flow;
	bool six;

	family = pktc_plain_flow(ctx, head->generation, &flow);
	six = family == PKTC_PLAIN_IPV6;
	if (family == PKTC_PLAIN_NONE) {
		six = pktc_is_ipv6(set);
		if (six)
			pktc_flow_fill(&flow, true, data, key, set);
		else
			pktc_flow_fill(&flow, false, data, key, set);
	}
	if (six)
		return pktc_flow_store(lines, true, data, &flow, decided);
	return pktc_flow_store(lines, false, data, &flow, decided);
}

/* What was decided for a packet of whose flow nothing was known. */
static __always_inline void pktc_flow_keep(struct pktc_ctx *ctx, struct pktc_flow_lines *lines,
					   const __u8 *data, const struct pktc_key *key, __u32 set,
					   __u32 decided)
{
	if (pktc_flow_flooded(lines) || pktc_flow_put(ctx, lines, data, key, set, decided))
		pktc_flow_missed(lines);
}

#endif /* PKTC_PLAIN_H */
