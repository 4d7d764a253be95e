/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_PARSE_TRANSPORT_H
#define PKTC_PARSE_TRANSPORT_H

#include <pktc/fields.h>
#include <pktc/packet.h>

/* The payload begins `header_len` behind p->off, when the header fits. */
static __always_inline void pktc_find_payload(struct pktc_packet *p, __u32 header_len)
{
	if (unlikely(p->off + header_len > p->end)) {
		p->malformed = 1;
		return;
	}
	p->payload_off = p->off + header_len;
	p->payload_len = p->end - p->payload_off;
	p->known |= PKTC_KNOWN_PAYLOAD;
}

static __always_inline void pktc_parse_tcp(struct pktc_packet *p, struct pktc_fields *f,
					   struct pktc_cut *cut)
{
	const struct pktc_tcp *tcp;
	__u32 have, header_len;

	tcp = pktc_header(p, sizeof(*tcp), p->end, cut, &have);
	pktc_read_tcp(f, tcp, have);
	header_len = have < sizeof(*tcp) ? 0 : (tcp->data_off >> 4) * 4;
	if (unlikely(header_len < sizeof(*tcp)))
		p->malformed = 1;
	else
		pktc_find_payload(p, header_len);
}

static __always_inline void pktc_parse_udp(struct pktc_packet *p, struct pktc_fields *f,
					   struct pktc_cut *cut)
{
	const struct pktc_udp *udp;
	__u32 have;

	udp = pktc_header(p, sizeof(*udp), p->end, cut, &have);
	pktc_read_udp(f, udp, have);
	pktc_find_payload(p, sizeof(*udp));
}

static __always_inline void pktc_parse_sctp(struct pktc_packet *p, struct pktc_fields *f,
					    struct pktc_cut *cut)
{
	const struct pktc_sctp *sctp;
	__u32 have;

	sctp = pktc_header(p, sizeof(*sctp), p->end, cut, &have);
	pktc_read_sctp(f, sctp, have);
	pktc_find_payload(p, sizeof(*sctp));
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
	pktc_find_payload(p, sizeof(*icmp));
}

/* The transport layer at p->off. Each protocol over either family, but ICMP over its own. */
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
}

#endif /* PKTC_PARSE_TRANSPORT_H */
