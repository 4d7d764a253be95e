/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_PARSE_ETHERNET_H
#define PKTC_PARSE_ETHERNET_H

#include <pktc/fields.h>
#include <pktc/packet.h>
#include <pktc/wants.h>

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
	struct pktc_tag kept;
	bool outermost = true;
	__u32 have, i;

	eth = pktc_header(p, sizeof(*eth), p->limit, cut, &have);
	pktc_read_ethernet(f, eth, have);
	if (unlikely(have < sizeof(*eth))) {
		pktc_set_malformed(f, 1);
		return false;
	}
	p->ethertype = pktc_ntoh16(eth->type);
	p->off += sizeof(*eth);
	/* The kernel may keep the outermost tag beside the packet. */
	if (!p->base && pktc_kept_tag(p->ctx, &kept)) {
		struct pktc_vlan outer = { pktc_ntoh16(kept.tci), 0 };

		pktc_read_vlan(f, &outer, sizeof(outer));
		pktc_set_frame_len(f, p->len + PKTC_TAG_BYTES);
		outermost = false;
	}
	pktc_set_vlan_depth(f, outermost ? 0 : 1);

#pragma unroll
	for (i = 0; i < PKTC_VLAN_TAGS_MAX; i++) {
		if (i == 0 && !outermost)
			continue;
		if (likely(!pktc_is_vlan(p->ethertype)))
			break;
		tag = pktc_header(p, sizeof(*tag), p->limit, cut, &have);
		if (i == 0)
			pktc_read_vlan(f, tag, have);
		if (pktc_covers(have, tag, tci))
			pktc_set_vlan_depth(f, i + 1);
		if (unlikely(have < sizeof(*tag))) {
			pktc_set_malformed(f, 1);
			return false;
		}
		p->ethertype = pktc_ntoh16(tag->type);
		p->off += sizeof(*tag);
	}
	return true;
}

/* The first entry of the label stack at p->off; what it carries is not walked. */
static __always_inline void pktc_parse_mpls(struct pktc_packet *p, struct pktc_fields *f,
					    struct pktc_cut *cut)
{
	const struct pktc_mpls *mpls;
	__u32 have;

	mpls = pktc_header(p, sizeof(*mpls), p->limit, cut, &have);
	pktc_read_mpls(f, mpls, have);
}

#endif /* PKTC_PARSE_ETHERNET_H */
