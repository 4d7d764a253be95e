/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_PARSE_IPV6_H
#define PKTC_PARSE_IPV6_H

#include <pktc/fields.h>
#include <pktc/packet.h>

#define PKTC_EXTENSIONS_MAX 8
#define PKTC_IPV6_MORE_FRAGMENTS 0x0001
#define PKTC_IPV6_OFFSET_MASK 0xfff8
/* Where a transport header can begin at most: eight extension headers of 2,048 bytes, with room. */
#define PKTC_IPV6_OFFSET_MAX 0x4fff

enum pktc_chain_end {
	PKTC_CHAIN_BROKEN,	   /* cut, or a ninth extension header */
	PKTC_CHAIN_LATER_FRAGMENT, /* `next` counts, but its header is elsewhere */
	PKTC_CHAIN_TRANSPORT,	   /* the header `next` begins at `off` */
};

/* A chain of extension headers; the walk moves `off` and `next` along it. */
struct pktc_chain {
	__u32 off;
	__u32 end;
	__u32 next;
	__u32 frag;
};

static __always_inline bool pktc_is_extension(__u32 next)
{
	return next == PKTC_PROTO_HOPOPTS || next == PKTC_PROTO_ROUTING ||
	       next == PKTC_PROTO_FRAGMENT || next == PKTC_PROTO_AH || next == PKTC_PROTO_DSTOPTS;
}

/* Steps over one extension header that is there whole. Returns its length in bytes. */
static __always_inline __u32 pktc_step_extension(struct pktc_chain *chain,
						 const struct pktc_extension *ext)
{
	__u32 kind = chain->next;

	chain->next = ext->nexthdr;
	if (kind == PKTC_PROTO_FRAGMENT) {
		if (pktc_ntoh16(ext->frag) & PKTC_IPV6_OFFSET_MASK)
			chain->frag = PKTC_FRAG_LATER;
		else if (pktc_ntoh16(ext->frag) & PKTC_IPV6_MORE_FRAGMENTS)
			chain->frag = PKTC_FRAG_FIRST;
		return sizeof(*ext);
	}
	if (kind == PKTC_PROTO_AH)
		return (ext->len + 2) * 4;
	return (ext->len + 1) * 8;
}

/*
 * Walks the extension headers from chain->off. A global function: few packets have
 * any, and the verifier checks its loop once instead of once for every way to here.
 */
__noinline int pktc_walk_extensions(struct pktc_ctx *ctx, struct pktc_chain *chain)
{
	const struct pktc_extension *ext;
	const void *at;
	struct pktc_chain c;
	struct pktc_cut cut;
	__u32 i, len, off;

	if (!chain)
		return PKTC_CHAIN_BROKEN;
	c = *chain;
	for (i = 0; i < PKTC_EXTENSIONS_MAX && pktc_is_extension(c.next); i++) {
		off = c.off;
		pktc_opaque(off);
		if (off > PKTC_IPV6_OFFSET_MAX || off + sizeof(*ext) > c.end)
			return PKTC_CHAIN_BROKEN;
		if (!pktc_in_place(ctx, off, sizeof(*ext), &at)) {
			__builtin_memset(&cut, 0, sizeof(cut));
			if (pktc_load(ctx, &cut, off, sizeof(*ext), c.end) < sizeof(*ext))
				return PKTC_CHAIN_BROKEN;
			at = &cut;
		}
		ext = at;
		len = pktc_step_extension(&c, ext);
		chain->frag = c.frag;
		if (c.frag == PKTC_FRAG_LATER) {
			chain->next = c.next;
			return PKTC_CHAIN_LATER_FRAGMENT;
		}
		if (off + len > c.end)
			return PKTC_CHAIN_BROKEN;
		c.off = off + len;
	}
	if (pktc_is_extension(c.next))
		return PKTC_CHAIN_BROKEN;
	chain->off = c.off;
	chain->next = c.next;
	return PKTC_CHAIN_TRANSPORT;
}

/* The chain behind the fixed header. Returns whether a transport layer follows at p->off. */
static __always_inline bool pktc_parse_extensions(struct pktc_packet *p, __u32 next)
{
	struct pktc_chain chain = { .off = p->off, .end = p->end, .next = next, .frag = 0 };
	int how = pktc_walk_extensions(p->ctx, &chain);

	if (chain.frag) {
		p->frag = chain.frag;
		p->known |= PKTC_KNOWN_FRAG;
	}
	if (how == PKTC_CHAIN_BROKEN) {
		p->malformed = 1;
		return false;
	}
	p->proto = chain.next;
	p->known |= PKTC_KNOWN_PROTO;
	if (how != PKTC_CHAIN_TRANSPORT || chain.off > PKTC_IPV6_OFFSET_MAX)
		return false;
	p->off = chain.off;
	return true;
}

/*
 * IPv6 at p->off. Returns whether a transport layer follows, at p->off and before
 * p->end.
 */
static __always_inline bool pktc_parse_ipv6(struct pktc_packet *p, struct pktc_fields *f,
					    struct pktc_cut *cut)
{
	const struct pktc_ipv6 *ip;
	__u32 have, payload_len, next;
	bool beyond;

	ip = pktc_header(p, sizeof(*ip), PKTC_NO_LIMIT, cut, &have);
	pktc_read_ipv6(f, ip, have);
	if (unlikely(have < sizeof(*ip) || pktc_ntoh16(ip->vtc) >> 12 != 6)) {
		p->malformed = 1;
		return false;
	}

	next = ip->nexthdr;
	payload_len = pktc_ntoh16(ip->payload_len);
	p->off += sizeof(*ip);
	/* A payload length of 0 is a jumbogram: the frame's end counts. */
	beyond = p->off + payload_len > p->len;
	if (beyond)
		p->malformed = 1;
	else if (payload_len)
		p->end = p->off + payload_len;

	if (likely(!pktc_is_extension(next))) {
		p->proto = next;
		p->known |= PKTC_KNOWN_PROTO;
		return true;
	}
	return !beyond && pktc_parse_extensions(p, next);
}

#endif /* PKTC_PARSE_IPV6_H */
