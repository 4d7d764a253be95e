/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The quick walk over a packet as most are: in one piece, every header whole, none that
 * lies about a length, no options and extension headers, at most one VLAN tag. What is
 * left is walked by pktc_parse(), which takes any packet: see docs/packets.md.
 *
 * The rules are part of this walk, anew for each kind of packet: the compiler knows there
 * which fields the packet has and what its protocol is, and so rules about others are gone,
 * and fields are in registers: pktc_match(). Where rules are trees, what it fills is their key.
 */
#ifndef PKTC_USUAL_H
#define PKTC_USUAL_H

#include <pktc/decision.h>
#include <pktc/few.h>
#include <pktc/parse.h>

/* What pktc_match() gets besides the fields, with the packet's length; for few rules memory for them. */
#ifndef PKTC_USUAL_ROOM
#define PKTC_USUAL_ROOM struct pktc_fields
#endif

#if !defined(PKTC_FEW_RULES) && !defined(PKTC_CLASSIFY_USUAL_H)
/* Stands in place of the rules of a program. */
static __always_inline int pktc_match(struct pktc_ctx *ctx, struct pktc_fields *f,
				      struct pktc_fields *room, const bool usual)
{
	(void)ctx, (void)f, (void)room, (void)usual;
	return PKTC_UNDECIDED;
}
#endif

/* Version 4 and a header of five words. */
#define PKTC_IPV4_PLAIN 0x45
/* Of frag_off: an offset, or More Fragments. */
#define PKTC_IPV4_FRAGMENT 0x3fff

/* Where the quick walk is. */
struct pktc_usual {
	struct pktc_ctx *ctx;
	PKTC_USUAL_ROOM *room;
	const void *data;
	const void *data_end;
	__u32 len;  /* where the packet ends */
	__u32 off;  /* where the next header begins */
	__u32 left; /* bytes from there to the end of the datagram */
};

/* Where the next header begins, and whether it is all there: two functions, for what gives NULL is asked for it once more. */
static __always_inline const void *pktc_usual_at(const struct pktc_usual *u)
{
	return u->data + u->off;
}

static __always_inline bool pktc_usual_holds(const struct pktc_usual *u, __u32 size)
{
	return pktc_usual_at(u) + size <= u->data_end;
}

static __always_inline void pktc_usual_payload(struct pktc_usual *u, struct pktc_fields *f,
					       __u32 header_len)
{
	pktc_set_payload_off(f, u->off + header_len);
	pktc_set_payload_len(f, u->left - header_len);
}

static __always_inline int pktc_usual_tcp(struct pktc_usual *u, struct pktc_fields *f)
{
	const struct pktc_tcp *tcp = pktc_usual_at(u);
	__u32 header_len;

	if (unlikely(!pktc_usual_holds(u, sizeof(*tcp)) || u->left < sizeof(*tcp)))
		return PKTC_UNUSUAL;
	pktc_set_proto(f, PKTC_PROTO_TCP);
	pktc_read_tcp(f, tcp, sizeof(*tcp));
	if (PKTC_WANT_PAYLOAD || PKTC_WANT_TCP_OPTIONS) {
		header_len = (tcp->data_off >> 4) * 4;
		if (unlikely(header_len < sizeof(*tcp) || header_len > u->left))
			return PKTC_UNUSUAL;
		if (PKTC_WANT_TCP_OPTIONS && header_len > sizeof(*tcp))
			return PKTC_UNUSUAL;
		pktc_usual_payload(u, f, header_len);
	}
	return pktc_match(u->ctx, f, u->room, true);
}

static __always_inline int pktc_usual_udp(struct pktc_usual *u, struct pktc_fields *f)
{
	const struct pktc_udp *udp = pktc_usual_at(u);

	if (unlikely(!pktc_usual_holds(u, sizeof(*udp)) || u->left < sizeof(*udp)))
		return PKTC_UNUSUAL;
	if (PKTC_WANT_VXLAN && udp->dest == pktc_ntoh16(PKTC_PORT_VXLAN))
		return PKTC_UNUSUAL;
	if (PKTC_WANT_GENEVE && udp->dest == pktc_ntoh16(PKTC_PORT_GENEVE))
		return PKTC_UNUSUAL;
	pktc_set_proto(f, PKTC_PROTO_UDP);
	pktc_read_udp(f, udp, sizeof(*udp));
	pktc_usual_payload(u, f, sizeof(*udp));
	return pktc_match(u->ctx, f, u->room, true);
}

static __always_inline int pktc_usual_icmp(struct pktc_usual *u, struct pktc_fields *f,
					   __u8 proto)
{
	const struct pktc_icmp *icmp = pktc_usual_at(u);

	if (unlikely(!pktc_usual_holds(u, sizeof(*icmp)) || u->left < sizeof(*icmp)))
		return PKTC_UNUSUAL;
	pktc_set_proto(f, proto);
	if (proto == PKTC_PROTO_ICMP)
		pktc_read_icmp(f, icmp, sizeof(*icmp));
	else
		pktc_read_icmp6(f, icmp, sizeof(*icmp));
	pktc_usual_payload(u, f, sizeof(*icmp));
	return pktc_match(u->ctx, f, u->room, true);
}

/* `icmp`: the protocol of that name in this family. */
static __always_inline int pktc_usual_transport(struct pktc_usual *u, struct pktc_fields *f,
						__u8 proto, __u8 icmp)
{
	pktc_set_datagram_end(f, u->off + u->left);
	pktc_set_transport_off(f, u->off);
	if (PKTC_DEPTH == PKTC_DEPTH_TRANSPORT) {
		if (proto == PKTC_PROTO_TCP)
			return pktc_usual_tcp(u, f);
		if (proto == PKTC_PROTO_UDP)
			return pktc_usual_udp(u, f);
		if (proto == icmp)
			return pktc_usual_icmp(u, f, icmp);
		if (proto == PKTC_PROTO_SCTP || (PKTC_WANT_GRE && proto == PKTC_PROTO_GRE))
			return PKTC_UNUSUAL;
	}
	pktc_set_proto(f, proto);
	return pktc_match(u->ctx, f, u->room, true);
}

static __always_inline int pktc_usual_ipv4(struct pktc_usual *u, struct pktc_fields *f)
{
	const struct pktc_ipv4 *ip = pktc_usual_at(u);
	__u32 total_len;

	if (unlikely(!pktc_usual_holds(u, sizeof(*ip)) || ip->version_ihl != PKTC_IPV4_PLAIN ||
		     ip->frag_off & pktc_ntoh16(PKTC_IPV4_FRAGMENT)))
		return PKTC_UNUSUAL;
	total_len = pktc_ntoh16(ip->tot_len);
	if (unlikely(total_len < sizeof(*ip) || u->off + total_len > u->len))
		return PKTC_UNUSUAL;
	pktc_set_ethertype(f, PKTC_TYPE_IPV4);
	pktc_read_ipv4(f, ip, sizeof(*ip));
	u->off += sizeof(*ip);
	u->left = total_len - sizeof(*ip);
	return pktc_usual_transport(u, f, ip->protocol, PKTC_PROTO_ICMP);
}

static __always_inline int pktc_usual_ipv6(struct pktc_usual *u, struct pktc_fields *f)
{
	const struct pktc_ipv6 *ip = pktc_usual_at(u);
	__u32 payload_len;

	if (unlikely(!pktc_usual_holds(u, sizeof(*ip)) || pktc_ntoh16(ip->vtc) >> 12 != 6 || pktc_is_extension(ip->nexthdr)))
		return PKTC_UNUSUAL;
	payload_len = pktc_ntoh16(ip->payload_len);
	if (unlikely(!payload_len || u->off + sizeof(*ip) + payload_len > u->len))
		return PKTC_UNUSUAL;
	pktc_set_ethertype(f, PKTC_TYPE_IPV6);
	pktc_read_ipv6(f, ip, sizeof(*ip));
	u->off += sizeof(*ip);
	u->left = payload_len;
	return pktc_usual_transport(u, f, ip->nexthdr, PKTC_PROTO_ICMP6);
}

/*
 * Returns what the rules decide, or PKTC_UNUSUAL: then nothing has happened yet. Of `room`
 * only the length is written, unless a rule logs.
 */
static __always_inline int pktc_decide_usual(struct pktc_ctx *ctx, enum pktc_direction direction,
					     PKTC_USUAL_ROOM *room)
{
	const struct pktc_ethernet *eth;
	const struct pktc_vlan *tag;
	struct pktc_usual u;
	struct pktc_fields f;
	struct pktc_tag kept;
	__u16 type = pktc_first_type(ctx);

	if (unlikely(!pktc_in_one_piece(ctx)))
		return PKTC_UNUSUAL;
	u.ctx = ctx;
	u.room = room;
	u.data = (const void *)(long)ctx->data;
	u.data_end = (const void *)(long)ctx->data_end;
	u.len = ctx->data_end - ctx->data;
	u.off = 0;
	room->len = u.len;
	__builtin_memset(&f, 0, sizeof(f));
	pktc_set_frame_off(&f, 0);
	pktc_set_frame_len(&f, u.len);
	pktc_read_context(&f, ctx, direction);

	if (type == PKTC_TYPE_ETHERNET) {
		eth = pktc_usual_at(&u);
		if (unlikely(!pktc_usual_holds(&u, sizeof(*eth)) || pktc_kept_tag(ctx, &kept)))
			return PKTC_UNUSUAL;
		pktc_read_ethernet(&f, eth, sizeof(*eth));
		pktc_set_vlan_depth(&f, 0);
		type = pktc_ntoh16(eth->type);
		u.off = sizeof(*eth);
		if (unlikely(pktc_is_vlan(type))) {
			tag = pktc_usual_at(&u);
			if (!pktc_usual_holds(&u, sizeof(*tag)))
				return PKTC_UNUSUAL;
			pktc_read_vlan(&f, tag, sizeof(*tag));
			pktc_set_vlan_depth(&f, 1);
			type = pktc_ntoh16(tag->type);
			if (pktc_is_vlan(type))
				return PKTC_UNUSUAL;
			u.off += sizeof(*tag);
		}
	}
	pktc_set_network_off(&f, u.off);
	if (PKTC_DEPTH >= PKTC_DEPTH_NETWORK) {
		if (likely(type == PKTC_TYPE_IPV4))
			return pktc_usual_ipv4(&u, &f);
		if (type == PKTC_TYPE_IPV6)
			return pktc_usual_ipv6(&u, &f);
	}
	if (PKTC_WANT_MPLS && (type == PKTC_TYPE_MPLS || type == PKTC_TYPE_MPLS_MULTICAST))
		return PKTC_UNUSUAL;
	pktc_set_ethertype(&f, type);
	pktc_set_datagram_end(&f, u.len);
	return pktc_match(ctx, &f, room, true);
}

#endif /* PKTC_USUAL_H */
