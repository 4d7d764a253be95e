/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sets of IPv6 addresses, in three layers, each the one above with finer edges. Of the /64 networks that
 * are in only in part a hash table has the edges inside. Of the /32 networks that are in only in part
 * another one has a block, as in set.h, of edges that are /64 networks. All other /32 networks are in or
 * out as a whole: a set of 32-bit values. Rare turns are functions of their own: what most addresses
 * need is code without calls, of which the processor can have several lookups under way.
 */
#ifndef PKTC_SET6_H
#define PKTC_SET6_H

#include <pktc/set.h>

#ifndef PKTC_SETS6
#define PKTC_SETS6 1
#endif
#ifndef PKTC_SET_SITES
#define PKTC_SET_SITES 16
#endif
#ifndef PKTC_SET_FILTERS
#define PKTC_SET_FILTERS 1
#endif
#ifndef PKTC_SET_LINKS
#define PKTC_SET_LINKS 1
#endif
#ifndef PKTC_SET_HOSTS
#define PKTC_SET_HOSTS 1
#endif

/* Places, from its own on, where an entry of a hash table can be; and those that are looked at at once. */
#define PKTC_SET_PROBES 64
#define PKTC_SET_PROBES_AT_ONCE 4

struct pktc_set6 {
	struct pktc_set tops;
	__u32 sites;		/* of the hash table: first place, 32 - log2 of its length, factor */
	__u32 sites_shift;
	__u32 sites_factor;
	__u32 links;		/* likewise */
	__u32 links_shift;
	__u32 links_factor;
	__u32 filter;		/* first element of pktc_set_filters, 32 - log2 of its bits */
	__u32 filter_shift;
};

/* A /64 network that is in only in part. */
struct pktc_set_link {
	__u64 network;
	__u32 first;	/* place of its first edge */
	__u32 count;	/* of edges; 0: a free place */
};

PKTC_TABLE struct pktc_set6 pktc_sets6[PKTC_SETS6];
/* A /32 network that is in only in part << 32 | its block, as in pktc_set_blocks; 0: a free place. */
PKTC_TABLE __u64 pktc_set_sites[PKTC_SET_SITES];
/* A bit for each hash: 0, there is no link that has it. */
PKTC_TABLE __u64 pktc_set_filters[PKTC_SET_FILTERS];
PKTC_TABLE struct pktc_set_link pktc_set_links[PKTC_SET_LINKS];
/* Edges inside of /64 networks. */
PKTC_TABLE __u64 pktc_set_hosts[PKTC_SET_HOSTS];

/* 1 when a < b, else 0, without a branch: the borrow of a - b. */
static __always_inline __u64 pktc_below(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}

/* Whether the lower half of an address is in, by the `count` edges from `first` on. */
static __always_inline bool pktc_in_link(__u32 first, __u32 count, __u64 low)
{
	__u32 at = first, half, probe, i;

	for (i = 0; i < 32 && count > 1; i++) {
		half = count / 2;
		probe = at + half;
		pktc_opaque(probe);
		if (probe >= PKTC_SET_HOSTS)
			return false;
		probe = half & (__u32)(pktc_below(low, pktc_set_hosts[probe]) - 1);
		pktc_opaque(probe);
		at += probe;
		count -= half;
	}
	pktc_opaque(at);
	if (at >= PKTC_SET_HOSTS)
		return false;
	/* The edges ahead of `at`, and this one when it is not above the address. */
	return (at ^ ~(__u32)pktc_below(low, pktc_set_hosts[at])) & 1;
}

/* What pktc_find_link says of an address in a network that is no link. */
#define PKTC_NO_LINK 2

/* Whether an address is in, in a link whose place is `at` or behind. */
__noinline int pktc_find_link(__u64 high, __u64 low, __u32 at)
{
	__u32 place, count, i;

	for (i = 0; i < PKTC_SET_PROBES; i++) {
		place = at + i;
		pktc_opaque(place);
		if (place >= PKTC_SET_LINKS)
			break;
		count = pktc_set_links[place].count;
		if (count == 0)
			break;
		if (pktc_set_links[place].network == high)
			return pktc_in_link(pktc_set_links[place].first, count, low);
	}
	return PKTC_NO_LINK;
}

/* Block of a site whose place is `at` or behind; 0: there is none. */
__noinline int pktc_find_site(__u32 network, __u32 at)
{
	__u32 place, i;
	__u64 site;

	for (i = 0; i < PKTC_SET_PROBES; i++) {
		place = at + i;
		pktc_opaque(place);
		if (place >= PKTC_SET_SITES)
			break;
		site = pktc_set_sites[place];
		if (site == 0 || site >> 32 == network)
			return site;
	}
	return 0;
}

/* The same, without a call where the first few places say all. */
static __always_inline __u32 pktc_site(__u32 network, __u32 at)
{
	const volatile __u64 *places;
	__u32 block = 0, i;
	__u64 site = 0;

	pktc_opaque(at);
	if (at >= PKTC_SET_SITES - PKTC_SET_PROBES_AT_ONCE)
		return 0;
	places = &pktc_set_sites[at];
#pragma unroll
	for (i = 0; i < PKTC_SET_PROBES_AT_ONCE; i++) {
		site = places[i];
		block |= (__u32)site & -(__u32)(((site >> 32 ^ network) - 1) >> 63);
	}
	if (unlikely(block == 0 && site != 0))
		return pktc_find_site(network, at + PKTC_SET_PROBES_AT_ONCE);
	return block;
}

/* Whether an IPv6 address is in a set. */
PKTC_SET_LINKAGE int pktc_in_set6(__u64 high, __u64 low, __u32 set)
{
	__u32 network = high >> 32, rest = high, hash, at, block;
	const volatile struct pktc_set6 *s;
	int found;

	if (set >= PKTC_SETS6)
		return false;
	s = &pktc_sets6[set];
	hash = (rest ^ network * s->links_factor) * s->links_factor;
	at = hash >> (s->filter_shift & 31);
	hash >>= s->links_shift & 31;
	block = s->filter + (at >> 6);
	pktc_opaque(block);
	if (block >= PKTC_SET_FILTERS)
		return false;
	if (unlikely(pktc_set_filters[block] >> (at & 63) & 1)) {
		found = pktc_find_link(high, low, s->links + hash);
		if (found != PKTC_NO_LINK)
			return found != 0;
	}
	at = s->sites + (network * s->sites_factor >> (s->sites_shift & 31));
	block = pktc_site(network, at);
	if (block != 0)
		return pktc_in_block(block, rest, rest);
	return pktc_in_tops(s->tops.first, s->tops.shift, network);
}

#endif /* PKTC_SET6_H */
