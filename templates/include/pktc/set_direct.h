/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Large sets of 32-bit values, in two reads and without a branch that the processor could guess wrong.
 * The top 20 bits of a value choose a group of 16 nets, of 256 values each: a net is in, or out, or has
 * a page of 256 bits. 8 MiB a set, and 32 bytes a page. `compiler/5-emit/sets` writes the tables.
 */
#ifndef PKTC_SET_DIRECT_H
#define PKTC_SET_DIRECT_H

#include <pktc/compare.h>

/* Sizes of the tables, of all such sets together. */
#ifndef PKTC_DIRECT_GROUPS
#define PKTC_DIRECT_GROUPS 1048576
#endif
#ifndef PKTC_DIRECT_PAGES
#define PKTC_DIRECT_PAGES 1
#endif

/*
 * How functions are compiled that look a value up: as part of the rules that ask, or, where many rules
 * ask, __noinline, which costs a call each time.
 */
#ifndef PKTC_SET_LINKAGE
#define PKTC_SET_LINKAGE static __always_inline
#endif

#define PKTC_DIRECT_GROUPS_A_SET 1048576

struct pktc_direct_page {
	__u64 bits[4];
};

/* From the lowest bit: 16 bits for nets that are in, 16 for nets with pages, 32 for the page of the first one of those. */
PKTC_TABLE __u64 pktc_direct_groups[PKTC_DIRECT_GROUPS];
/* Page 0 is empty. */
PKTC_TABLE struct pktc_direct_page pktc_direct_pages[PKTC_DIRECT_PAGES];

/* Bits that are set among the lowest 16. */
static __always_inline __u32 pktc_count16(__u32 bits)
{
	bits -= bits >> 1 & 0x5555;
	bits = (bits & 0x3333) + (bits >> 2 & 0x3333);
	bits = (bits + (bits >> 4)) & 0x0f0f;
	return (bits + (bits >> 8)) & 31;
}

/* Whether `value` is in the direct set of that number. */
PKTC_SET_LINKAGE int pktc_in_direct(__u32 value, __u32 set)
{
	__u32 at = set * PKTC_DIRECT_GROUPS_A_SET + (value >> 12);
	__u32 net = value >> 8 & 15, paged;
	__u64 group;

	pktc_opaque(at);
	if (at >= PKTC_DIRECT_GROUPS)
		return false;
	group = pktc_direct_groups[at];
	paged = (__u32)(group >> 16) & 0xffff;
	at = (__u32)(group >> 32) + pktc_count16(paged & ((1U << net) - 1));
	at &= -(paged >> net & 1);
	pktc_opaque(at);
	if (at >= PKTC_DIRECT_PAGES)
		return false;
	return (group >> net | pktc_direct_pages[at].bits[value >> 6 & 3] >> (value & 63)) & 1;
}

#endif /* PKTC_SET_DIRECT_H */
