/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The whole walk, from the frame to the payload; docs/packets.md in C. */
#ifndef PKTC_PARSE_H
#define PKTC_PARSE_H

#include <pktc/parse_ethernet.h>
#include <pktc/parse_ipv4.h>
#include <pktc/parse_ipv6.h>
#include <pktc/parse_transport.h>

static __always_inline void pktc_walk(struct pktc_packet *p, struct pktc_fields *f)
{
	struct pktc_cut cut;
	bool transport = false;

	pktc_set_frame_off(f, p->base);
	pktc_set_frame_len(f, p->len - p->base);
	p->ethertype = p->type;
	if (p->type == PKTC_TYPE_ETHERNET && !pktc_parse_ethernet(p, f, &cut))
		return;
	pktc_set_ethertype(f, p->ethertype);
	pktc_set_network_off(f, p->off);
	if (PKTC_WANT_MPLS && (p->ethertype == PKTC_TYPE_MPLS ||
			       p->ethertype == PKTC_TYPE_MPLS_MULTICAST))
		pktc_parse_mpls(p, f, &cut);
	if (PKTC_DEPTH < PKTC_DEPTH_NETWORK)
		return;
	if (p->ethertype == PKTC_TYPE_IPV4)
		transport = pktc_parse_ipv4(p, f, &cut);
	else if (p->ethertype == PKTC_TYPE_IPV6)
		transport = pktc_parse_ipv6(p, f, &cut);
	pktc_set_datagram_end(f, p->end);
	if (!transport)
		return;
	pktc_set_transport_off(f, p->off);
	if (PKTC_DEPTH < PKTC_DEPTH_TRANSPORT)
		return;
	pktc_parse_transport(p, f, &cut);
}

/* Reads the fields of the packet behind `ctx` into `f`, all of whose bytes are zero. */
static __always_inline void pktc_parse(struct pktc_ctx *ctx, struct pktc_fields *f)
{
	struct pktc_packet p;

	pktc_open(&p, ctx);
	pktc_walk(&p, f);
}

#if PKTC_WANT_INNER
/*
 * Reads the fields of the packet in `span`, and makes it the span of the packet in that
 * one. A global function: it is called for both, and the verifier checks it once.
 */
__noinline int pktc_parse_span(struct pktc_ctx *ctx, struct pktc_fields *f, struct pktc_span *span)
{
	struct pktc_packet p;

	if (!f || !span)
		return 0;
	pktc_open(&p, ctx);
	p.inner = span;
	p.type = span->type;
	p.base = span->off;
	p.off = span->off;
	p.len = span->end;
	p.end = span->end;
	p.limit = span->end;
	span->type = 0;
	pktc_walk(&p, f);
	return 0;
}

/* As pktc_parse(); the packet in a tunnel goes into `in`, which otherwise keeps its zeroes. */
static __always_inline void pktc_parse_both(struct pktc_ctx *ctx, struct pktc_fields *f,
					    struct pktc_fields *in)
{
	struct pktc_span span = { 0, pktc_length(ctx), pktc_first_type(ctx) };

	pktc_parse_span(ctx, f, &span);
	if (unlikely(span.type))
		pktc_parse_span(ctx, in, &span);
}
#endif

#endif /* PKTC_PARSE_H */
