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

	if (!pktc_parse_ethernet(p, f, &cut))
		return;
	if (PKTC_DEPTH < PKTC_DEPTH_NETWORK)
		return;
	if (p->ethertype == PKTC_TYPE_IPV4)
		transport = pktc_parse_ipv4(p, f, &cut);
	else if (p->ethertype == PKTC_TYPE_IPV6)
		transport = pktc_parse_ipv6(p, f, &cut);
	if (PKTC_DEPTH < PKTC_DEPTH_TRANSPORT)
		return;
	if (transport)
		pktc_parse_transport(p, f, &cut);
}

/* Reads the fields of the packet behind `ctx` into `f`, all of whose bytes are zero. */
static __always_inline void pktc_parse(struct pktc_ctx *ctx, struct pktc_fields *f)
{
	struct pktc_packet p;

	pktc_open(&p, ctx);
	pktc_walk(&p, f);
	pktc_read_facts(f, &p);
}

#endif /* PKTC_PARSE_H */
