/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_PARSE_IPV6_H
#define PKTC_PARSE_IPV6_H

#include <pktc/fields.h>
#include <pktc/kinds.h>
#include <pktc/packet.h>
#include <pktc/wants.h>

#define PKTC_EXTENSIONS_MAX 8
#define PKTC_IPV6_MORE_FRAGMENTS 0x0001
#define PKTC_IPV6_OFFSET_MASK 0xfff8

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
#if PKTC_WANT_IP6_EXT
	__u64 kinds; /* bits of pktc_kind_bits of those stepped over */
	__u64 any;   /* 1: there are some */
#endif
};

/* A header of type `kind` was stepped over, or ended the walk as the header of a later fragment. */
static __always_inline void pktc_note_extension(struct pktc_chain *chain, __u32 kind)
{
#if PKTC_WANT_IP6_EXT
	chain->kinds |= pktc_kind_bits[kind & (PKTC_KINDS - 1)];
	chain->any = 1;
#else
	(void)chain, (void)kind;
#endif
}

static __always_inline bool pktc_is_extension(__u32 next)
{
	return next == PKTC_PROTO_HOPOPTS || next == PKTC_PROTO_ROUTING ||
	       next == PKTC_PROTO_FRAGMENT || next == PKTC_PROTO_AH || next == PKTC_PROTO_DSTOPTS;
}

/* Takes down what one extension header says whose first bytes are there. Returns its length in bytes. */
static __always_inline __u32 pktc_step_extension(struct pktc_chain *chain,
						 const struct pktc_extension *ext, __u32 kind)
{
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
 * What the walk has found is kept in `chain`, of which the verifier knows nothing: so
 * it does not go through the rest of the loop for each thing a header can be.
 */
__noinline int pktc_walk_extensions(struct pktc_ctx *ctx, struct pktc_chain *chain)
{
	const void *at;
	struct pktc_extension cut;
	__u32 i, kind, len, off;

	if (!chain)
		return PKTC_CHAIN_BROKEN;
	for (i = 0; i < PKTC_EXTENSIONS_MAX; i++) {
		kind = pktc_read(chain->next);
		if (!pktc_is_extension(kind))
			break;
		off = pktc_read(chain->off);
		if (off + sizeof(struct pktc_extension) > pktc_read(chain->end))
			return PKTC_CHAIN_BROKEN;
		pktc_opaque(off);
		if (off > PKTC_OFFSET_MAX ||
		    !pktc_in_place(ctx, off, sizeof(struct pktc_extension), &at)) {
			if (pktc_load_bytes(ctx, off, &cut, sizeof(cut)))
				return PKTC_CHAIN_BROKEN;
			at = &cut;
		}
		len = pktc_step_extension(chain, at, kind);
		if (pktc_read(chain->frag) == PKTC_FRAG_LATER) {
			pktc_note_extension(chain, kind);
			return PKTC_CHAIN_LATER_FRAGMENT;
		}
		if (off + len > pktc_read(chain->end))
			return PKTC_CHAIN_BROKEN;
		pktc_note_extension(chain, kind);
		chain->off = off + len;
	}
	return pktc_is_extension(pktc_read(chain->next)) ? PKTC_CHAIN_BROKEN : PKTC_CHAIN_TRANSPORT;
}

/* The chain behind the fixed header. Returns whether a transport layer follows at p->off. */
static __always_inline bool pktc_parse_extensions(struct pktc_packet *p, struct pktc_fields *f,
						  struct pktc_cut *cut, __u32 next)
{
	struct pktc_chain *chain = pktc_reuse(cut, struct pktc_chain);
	int how;

	chain->off = p->off;
	chain->end = p->end;
	chain->next = next;
	how = pktc_walk_extensions(p->ctx, chain);
#if PKTC_WANT_IP6_EXT
	if (chain->any)
		pktc_set_ip6_ext(f, chain->kinds);
#endif
	if (chain->frag)
		pktc_set_frag(f, chain->frag);
	if (how == PKTC_CHAIN_BROKEN) {
		pktc_set_malformed(f, 1);
		return false;
	}
	p->proto = chain->next;
	pktc_set_proto(f, p->proto);
	p->off = chain->off;
	return how == PKTC_CHAIN_TRANSPORT;
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

	ip = pktc_header(p, sizeof(*ip), p->limit, cut, &have);
	pktc_read_ipv6(f, ip, have);
	if (unlikely(have < sizeof(*ip) || pktc_ntoh16(ip->vtc) >> 12 != 6)) {
		pktc_set_malformed(f, 1);
		return false;
	}

	next = ip->nexthdr;
	payload_len = pktc_ntoh16(ip->payload_len);
	p->off += sizeof(*ip);
	/* A payload length of 0 is a jumbogram: the frame's end counts. */
	beyond = p->off + payload_len > p->len;
	if (beyond)
		pktc_set_malformed(f, 1);
	else if (payload_len)
		p->end = p->off + payload_len;

	if (likely(!pktc_is_extension(next))) {
		p->proto = next;
		pktc_set_proto(f, next);
		return true;
	}
	return !beyond && pktc_parse_extensions(p, f, cut, next);
}

#endif /* PKTC_PARSE_IPV6_H */
