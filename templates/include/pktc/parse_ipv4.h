/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_PARSE_IPV4_H
#define PKTC_PARSE_IPV4_H

#include <pktc/fields.h>
#include <pktc/packet.h>
#include <pktc/parse_options.h>

#define PKTC_IPV4_MORE_FRAGMENTS 0x2000
#define PKTC_IPV4_OFFSET_MASK 0x1fff

/*
 * IPv4 at p->off. Returns whether a transport layer follows, at p->off and before
 * p->end. A header that lies about itself keeps the fields that can be read.
 */
static __always_inline bool pktc_parse_ipv4(struct pktc_packet *p, struct pktc_fields *f,
					    struct pktc_cut *cut)
{
	const struct pktc_ipv4 *ip;
	__u32 have, header_len, total_len;
	__u16 frag_off;
	bool later = false;

	ip = pktc_header(p, sizeof(*ip), p->limit, cut, &have);
	pktc_read_ipv4(f, ip, have);
	if (pktc_covers(have, ip, frag_off)) {
		frag_off = pktc_ntoh16(ip->frag_off);
		later = frag_off & PKTC_IPV4_OFFSET_MASK;
		if (later)
			pktc_set_frag(f, PKTC_FRAG_LATER);
		else if (frag_off & PKTC_IPV4_MORE_FRAGMENTS)
			pktc_set_frag(f, PKTC_FRAG_FIRST);
	}
	if (pktc_covers(have, ip, protocol)) {
		p->proto = ip->protocol;
		pktc_set_proto(f, p->proto);
	}
	if (unlikely(have < sizeof(*ip))) {
		pktc_set_malformed(f, 1);
		return false;
	}

	header_len = (ip->version_ihl & 0x0f) * 4;
	total_len = pktc_ntoh16(ip->tot_len);
	/* Segmentation offload leaves a total length of 0: the frame's end counts. */
	if (total_len) {
		if (p->off + total_len > p->len)
			pktc_set_malformed(f, 1);
		else
			p->end = p->off + total_len;
	}
	if (unlikely(ip->version_ihl >> 4 != 4 || header_len < sizeof(*ip) ||
		     p->off + header_len > p->len)) {
		pktc_set_malformed(f, 1);
		return false;
	}
	if (header_len > sizeof(*ip))
		pktc_parse_ip_options(p, f, cut, header_len);
	if (unlikely(total_len && total_len < header_len)) {
		pktc_set_malformed(f, 1);
		return false;
	}
	p->off += header_len;
	return !later;
}

#endif /* PKTC_PARSE_IPV4_H */
