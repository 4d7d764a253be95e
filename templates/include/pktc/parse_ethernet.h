/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_PARSE_ETHERNET_H
#define PKTC_PARSE_ETHERNET_H

#include <pktc/fields.h>
#include <pktc/packet.h>

#define PKTC_VLAN_TAGS_MAX 2

static __always_inline bool pktc_is_vlan(__u16 type)
{
	return type == PKTC_TYPE_VLAN || type == PKTC_TYPE_QINQ || type == PKTC_TYPE_QINQ_OLD;
}

/*
 * Ethernet and up to two VLAN tags. Returns false when the network layer cannot be
 * found. `vlan` is the outermost tag; a third tag is left alone, as an ethertype.
 */
static __always_inline bool pktc_parse_ethernet(struct pktc_packet *p, struct pktc_fields *f,
						struct pktc_cut *cut)
{
	const struct pktc_ethernet *eth;
	const struct pktc_vlan *tag;
	__u32 have, i;

	eth = pktc_header(p, sizeof(*eth), PKTC_NO_LIMIT, cut, &have);
	pktc_read_ethernet(f, eth, have);
	if (unlikely(have < sizeof(*eth))) {
		p->malformed = 1;
		return false;
	}
	p->ethertype = pktc_ntoh16(eth->type);
	p->off = sizeof(*eth);

#pragma unroll
	for (i = 0; i < PKTC_VLAN_TAGS_MAX; i++) {
		if (likely(!pktc_is_vlan(p->ethertype)))
			break;
		tag = pktc_header(p, sizeof(*tag), PKTC_NO_LIMIT, cut, &have);
		if (i == 0)
			pktc_read_vlan(f, tag, have);
		if (unlikely(have < sizeof(*tag))) {
			p->malformed = 1;
			return false;
		}
		p->ethertype = pktc_ntoh16(tag->type);
		p->off += sizeof(*tag);
	}
	p->known |= PKTC_KNOWN_ETHERTYPE;
	return true;
}

#endif /* PKTC_PARSE_ETHERNET_H */
