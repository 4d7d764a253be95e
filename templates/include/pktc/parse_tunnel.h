/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Headers of tunnels: what they say about themselves, and where the packet in them begins. */
#ifndef PKTC_PARSE_TUNNEL_H
#define PKTC_PARSE_TUNNEL_H

#include <pktc/fields.h>
#include <pktc/packet.h>
#include <pktc/wants.h>

enum {
	PKTC_GRE_CHECKSUM = 0x8000,
	PKTC_GRE_ROUTING = 0x4000,
	PKTC_GRE_KEY = 0x2000,
	PKTC_GRE_SEQUENCE = 0x1000,
	PKTC_GRE_VERSION = 0x0007,
};

/* Bytes of each optional part of a GRE header. */
#define PKTC_GRE_PART 4

#define PKTC_VXLAN_VALID 0x08
#define PKTC_GENEVE_VERSION_SHIFT 6
#define PKTC_GENEVE_LEN_MASK 0x3f

/* A packet of this type begins at `off`, when the headers before it lie before p->end. */
static __always_inline void pktc_found_inner(struct pktc_packet *p, __u32 off, __u16 type)
{
	if (!p->inner || off > p->end)
		return;
	if (type != PKTC_TYPE_IPV4 && type != PKTC_TYPE_IPV6 && type != PKTC_TYPE_ETHERNET)
		return;
	p->inner->off = off;
	p->inner->end = p->end;
	p->inner->type = type;
}

/* GRE at p->off. */
static __always_inline void pktc_parse_gre(struct pktc_packet *p, struct pktc_fields *f,
					   struct pktc_cut *cut)
{
	const struct pktc_gre *gre;
	const struct pktc_gre_key *key;
	__u16 flags, type;
	__u32 have;

	gre = pktc_header(p, sizeof(*gre), p->end, cut, &have);
	if (have < sizeof(*gre))
		return;
	flags = pktc_ntoh16(gre->flags);
	type = pktc_ntoh16(gre->type);
	if (flags & (PKTC_GRE_VERSION | PKTC_GRE_ROUTING))
		return;
	p->off += sizeof(*gre);
	if (flags & PKTC_GRE_CHECKSUM)
		p->off += PKTC_GRE_PART;
	if (flags & PKTC_GRE_KEY) {
		key = pktc_header(p, sizeof(*key), p->end, cut, &have);
		pktc_read_gre_key(f, key, have);
		p->off += PKTC_GRE_PART;
	}
	if (flags & PKTC_GRE_SEQUENCE)
		p->off += PKTC_GRE_PART;
	pktc_found_inner(p, p->off, type);
}

/* VXLAN at p->off. */
static __always_inline void pktc_parse_vxlan(struct pktc_packet *p, struct pktc_fields *f,
					     struct pktc_cut *cut)
{
	const struct pktc_vxlan *vxlan;
	__u32 have;

	vxlan = pktc_header(p, sizeof(*vxlan), p->end, cut, &have);
	if (have < sizeof(*vxlan) || !(vxlan->flags & PKTC_VXLAN_VALID))
		return;
	pktc_read_vxlan(f, vxlan, have);
	pktc_found_inner(p, p->off + sizeof(*vxlan), PKTC_TYPE_ETHERNET);
}

/* Geneve at p->off. */
static __always_inline void pktc_parse_geneve(struct pktc_packet *p, struct pktc_fields *f,
					      struct pktc_cut *cut)
{
	const struct pktc_geneve *geneve;
	__u32 have, options;

	geneve = pktc_header(p, sizeof(*geneve), p->end, cut, &have);
	if (have < sizeof(*geneve) || geneve->version_len >> PKTC_GENEVE_VERSION_SHIFT)
		return;
	pktc_read_geneve(f, geneve, have);
	options = (geneve->version_len & PKTC_GENEVE_LEN_MASK) * 4;
	pktc_found_inner(p, p->off + sizeof(*geneve) + options, pktc_ntoh16(geneve->type));
}

/* What UDP, whose header at p->off is whole, carries to this port. */
static __always_inline void pktc_parse_udp_tunnel(struct pktc_packet *p, struct pktc_fields *f,
						  struct pktc_cut *cut, __u16 port)
{
	p->off += sizeof(struct pktc_udp);
	if (PKTC_WANT_VXLAN && port == PKTC_PORT_VXLAN)
		pktc_parse_vxlan(p, f, cut);
	else if (PKTC_WANT_GENEVE && port == PKTC_PORT_GENEVE)
		pktc_parse_geneve(p, f, cut);
}

#endif /* PKTC_PARSE_TUNNEL_H */
