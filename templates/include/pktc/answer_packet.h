/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a rejected packet is, and whether it may be answered at all: RFC 1122 3.2.2,
 * RFC 1812 4.3.2.7, RFC 4443 2.4 (e), and as net/ipv4/netfilter/nf_reject_ipv4.c does.
 * Functions return false when there is to be no answer.
 */
#ifndef PKTC_ANSWER_PACKET_H
#define PKTC_ANSWER_PACKET_H

#include <pktc/checksum.h>
#include <pktc/packet.h>
#include <pktc/parse_ethernet.h>
#include <pktc/parse_ipv4.h>
#include <pktc/parse_ipv6.h>

/* Whether a link-layer address, in three halves, is that of a group. */
static __always_inline bool pktc_is_group(const __be16 *halves)
{
	return pktc_ntoh16(halves[0]) & 0x0100;
}

/*
 * The Ethernet header and up to two tags, for the answer: its addresses swapped. A tag
 * that the kernel keeps beside the packet stays there.
 */
static __always_inline bool pktc_answer_link(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	struct pktc_ethernet eth, *back = (void *)a->link;
	__u32 i, len = sizeof(eth);
	__be16 type;

	if (pktc_load_bytes(ctx, 0, &eth, sizeof(eth)))
		return false;
	if (pktc_is_group(eth.dest) || pktc_is_group(eth.source))
		return false;
	for (i = 0; i < 3; i++) {
		back->dest[i] = eth.source[i];
		back->source[i] = eth.dest[i];
	}
	type = back->type = eth.type;
#pragma unroll
	for (i = 0; i < PKTC_VLAN_TAGS_MAX; i++) {
		struct pktc_vlan *tag = (void *)(a->link + sizeof(eth) + i * sizeof(*tag));

		if (!pktc_is_vlan(pktc_ntoh16(type)))
			break;
		if (pktc_load_bytes(ctx, sizeof(eth) + i * sizeof(*tag), tag, sizeof(*tag)))
			return false;
		type = pktc_read(tag->type);
		len += sizeof(*tag);
	}
	a->link_len = len;
	a->type = pktc_ntoh16(type);
	return true;
}

/* Copies the first bytes of the datagram, `most` at most; zeroes follow. `total` is set. */
static __always_inline bool pktc_load_quote(struct pktc_ctx *ctx, struct pktc_answers *a,
					    __u32 most)
{
	__u32 last, i;

	/* In pieces: at once it is several hundred instructions, for each family. */
#pragma nounroll
	for (i = 0; i < PKTC_QUOTE6_BYTES; i += PKTC_QUOTE6_BYTES / 11) {
		__builtin_memset(__builtin_assume_aligned(a->quote + i, 8), 0,
				 PKTC_QUOTE6_BYTES / 11);
		__asm__ volatile("" ::: "memory");
	}
	a->quoted = a->total < most ? a->total : most;
	last = pktc_last(a->quoted);
	if (last >= PKTC_QUOTE6_BYTES)
		return false;
	return !pktc_load_bytes(ctx, a->link_len, a->quote, last + 1);
}

/* Whether packets may be answered that come from, or went to, this address. */
static __always_inline bool pktc_is_one_host4(__be32 address)
{
	__u32 host = pktc_ntoh32(address);

	/* 0.0.0.0/8 is nobody yet, 224.0.0.0/3 are groups, reserved, and everybody. */
	return host >> 24 != 0 && host >> 29 != 7;
}

static __always_inline bool pktc_is_one_host6(const __be64 *address)
{
	if (pktc_ntoh64(address[0]) >> 56 == 0xff)
		return false;
	return address[0] != 0 || address[1] != 0;
}

/* Addresses of the machine itself belong on its loopback interface, where frames have no addresses. */
static __always_inline bool pktc_is_loopback_link(const struct pktc_answers *a)
{
	const struct pktc_ethernet *eth = (const void *)a->link;

	return (eth->dest[0] | eth->dest[1] | eth->dest[2]) == 0;
}

__noinline int pktc_answer_ipv4(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	const struct pktc_ipv4 *ip;
	struct pktc_ipv4 first;
	__u32 header_len, available;
	__u16 frag;

	if (!a || !pktc_can_answer() || pktc_load_bytes(ctx, a->link_len, &first, sizeof(first)))
		return false;
	available = pktc_length(ctx) - a->link_len;
	header_len = (first.version_ihl & 0x0f) * 4;
	/* Segmentation offload leaves a total length of 0. */
	a->total = first.tot_len ? pktc_ntoh16(first.tot_len) : available;
	frag = pktc_ntoh16(first.frag_off);
	if (first.version_ihl >> 4 != 4 || header_len < sizeof(first) || a->total < header_len ||
	    a->total > available || frag & PKTC_IPV4_OFFSET_MASK)
		return false;
	if (!pktc_is_one_host4(first.saddr) || !pktc_is_one_host4(first.daddr))
		return false;
	if (pktc_ntoh32(first.saddr) >> 24 == 127 && !pktc_is_loopback_link(a))
		return false;
	if (!pktc_load_quote(ctx, a, PKTC_QUOTE4_BYTES))
		return false;
	ip = (const void *)a->quote;
	pktc_opaque(header_len);
	if (pktc_fold(pktc_sum(a->quote, header_len & 0x3c, 0)) != 0xffff)
		return false;
	a->addresses = pktc_sum(&ip->saddr, sizeof(ip->saddr) + sizeof(ip->daddr), 0);
	a->transport = header_len;
	a->proto = first.protocol;
	a->fragment = frag & PKTC_IPV4_MORE_FRAGMENTS ? 1 : 0;
	a->ip_len = sizeof(*ip);
	return true;
}

/* Extension headers from `off` of the quote on; sets where the transport begins. */
static __always_inline bool pktc_answer_extensions(struct pktc_answers *a, __u32 next)
{
	const struct pktc_extension *ext;
	__u32 off = sizeof(struct pktc_ipv6), len, i;

	for (i = 0; i < PKTC_EXTENSIONS_MAX && pktc_is_extension(next); i++) {
		pktc_opaque(off);
		if (off > PKTC_QUOTE6_BYTES || off + sizeof(*ext) > a->quoted)
			return false;
		ext = (const void *)(a->quote + (off & PKTC_QUOTE_MASK));
		len = (ext->len + 1) * 8;
		if (next == PKTC_PROTO_FRAGMENT) {
			if (pktc_ntoh16(ext->frag) & PKTC_IPV6_OFFSET_MASK)
				return false;
			a->fragment = pktc_ntoh16(ext->frag) & PKTC_IPV6_MORE_FRAGMENTS;
			len = sizeof(*ext);
		} else if (next == PKTC_PROTO_AH) {
			len = (ext->len + 2) * 4;
		} else if (next == PKTC_PROTO_ROUTING && pktc_ntoh16(ext->frag) & 0xff) {
			/* Segments left: not yet at its destination, whose address the checksum has. */
			return false;
		}
		next = ext->nexthdr;
		off += len;
	}
	if (pktc_is_extension(next) || off > a->total)
		return false;
	a->transport = off;
	a->proto = next;
	return true;
}

__noinline int pktc_answer_ipv6(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	const struct pktc_ipv6 *ip;
	struct pktc_ipv6 first;
	__u32 available, payload_len;

	if (!a || !pktc_can_answer() || pktc_load_bytes(ctx, a->link_len, &first, sizeof(first)))
		return false;
	available = pktc_length(ctx) - a->link_len;
	payload_len = pktc_ntoh16(first.payload_len);
	/* A jumbogram has a payload length of 0. */
	a->total = payload_len ? sizeof(first) + payload_len : available;
	if (pktc_ntoh16(first.vtc) >> 12 != 6 || a->total > available)
		return false;
	if (!pktc_is_one_host6(first.saddr) || !pktc_is_one_host6(first.daddr))
		return false;
	if (first.saddr[0] == 0 && pktc_ntoh64(first.saddr[1]) == 1 && !pktc_is_loopback_link(a))
		return false;
	if (!pktc_load_quote(ctx, a, PKTC_QUOTE6_BYTES))
		return false;
	ip = (const void *)a->quote;
	a->addresses = pktc_sum(ip->saddr, sizeof(ip->saddr) + sizeof(ip->daddr), 0);
	a->fragment = 0;
	a->ip_len = sizeof(*ip);
	return pktc_answer_extensions(a, first.nexthdr);
}

#endif /* PKTC_ANSWER_PACKET_H */
