/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_PARSE_TRANSPORT_H
#define PKTC_PARSE_TRANSPORT_H

#include <pktc/fields.h>
#include <pktc/packet.h>
#include <pktc/parse_options.h>
#include <pktc/parse_tunnel.h>
#include <pktc/wants.h>

/* The payload begins `header_len` behind p->off, when the header fits. Returns whether it does. */
static __always_inline bool pktc_find_payload(struct pktc_packet *p, struct pktc_fields *f,
					      __u32 header_len)
{
	const __u32 off = p->off + header_len;

	if (unlikely(off > p->end)) {
		pktc_set_malformed(f, 1);
		return false;
	}
	pktc_set_payload_off(f, off);
	pktc_set_payload_len(f, p->end - off);
	return true;
}

static __always_inline void pktc_parse_tcp(struct pktc_packet *p, struct pktc_fields *f,
					   struct pktc_cut *cut)
{
	const struct pktc_tcp *tcp;
	__u32 have, header_len;

	tcp = pktc_header(p, sizeof(*tcp), p->end, cut, &have);
	pktc_read_tcp(f, tcp, have);
	header_len = have < sizeof(*tcp) ? 0 : (tcp->data_off >> 4) * 4;
	if (unlikely(header_len < sizeof(*tcp))) {
		pktc_set_malformed(f, 1);
		return;
	}
	if (pktc_find_payload(p, f, header_len) && header_len > sizeof(*tcp))
		pktc_parse_tcp_options(p, f, cut, header_len);
}

static __always_inline void pktc_parse_udp(struct pktc_packet *p, struct pktc_fields *f,
					   struct pktc_cut *cut)
{
	const struct pktc_udp *udp;
	__u16 port;
	__u32 have;

	udp = pktc_header(p, sizeof(*udp), p->end, cut, &have);
	pktc_read_udp(f, udp, have);
	port = pktc_ntoh16(udp->dest);
	if (pktc_find_payload(p, f, sizeof(*udp)) && (PKTC_WANT_VXLAN || PKTC_WANT_GENEVE))
		pktc_parse_udp_tunnel(p, f, cut, port);
}

static __always_inline void pktc_parse_sctp(struct pktc_packet *p, struct pktc_fields *f,
					    struct pktc_cut *cut)
{
	const struct pktc_sctp *sctp;
	__u32 have;

	sctp = pktc_header(p, sizeof(*sctp), p->end, cut, &have);
	pktc_read_sctp(f, sctp, have);
	pktc_find_payload(p, f, sizeof(*sctp));
}

/* ICMP over IPv4, and ICMPv6 over IPv6: the same eight bytes. */
static __always_inline void pktc_parse_icmp(struct pktc_packet *p, struct pktc_fields *f,
					    struct pktc_cut *cut)
{
	const struct pktc_icmp *icmp;
	__u32 have;

	icmp = pktc_header(p, sizeof(*icmp), p->end, cut, &have);
	if (p->ethertype == PKTC_TYPE_IPV4)
		pktc_read_icmp(f, icmp, have);
	else
		pktc_read_icmp6(f, icmp, have);
	pktc_find_payload(p, f, sizeof(*icmp));
}

/* The transport layer, or a tunnel, at p->off. Each protocol over either family, but ICMP over its own. */
static __always_inline void pktc_parse_transport(struct pktc_packet *p, struct pktc_fields *f,
						 struct pktc_cut *cut)
{
	const __u8 icmp = p->ethertype == PKTC_TYPE_IPV4 ? PKTC_PROTO_ICMP : PKTC_PROTO_ICMP6;

	if (p->proto == PKTC_PROTO_TCP)
		pktc_parse_tcp(p, f, cut);
	else if (p->proto == PKTC_PROTO_UDP)
		pktc_parse_udp(p, f, cut);
	else if (p->proto == icmp)
		pktc_parse_icmp(p, f, cut);
	else if (p->proto == PKTC_PROTO_SCTP)
		pktc_parse_sctp(p, f, cut);
	else if (PKTC_WANT_GRE && p->proto == PKTC_PROTO_GRE)
		pktc_parse_gre(p, f, cut);
	else if (PKTC_WANT_INNER && p->proto == PKTC_PROTO_IPV4)
		pktc_found_inner(p, p->off, PKTC_TYPE_IPV4);
	else if (PKTC_WANT_INNER && p->proto == PKTC_PROTO_IPV6)
		pktc_found_inner(p, p->off, PKTC_TYPE_IPV6);
}

#endif /* PKTC_PARSE_TRANSPORT_H */
