/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Long lists of values of 33 to 63 bits, MAC addresses and raw reads: sorted ranges that are searched by halving. */
#ifndef PKTC_SEARCH64_H
#define PKTC_SEARCH64_H

#include <pktc/compare.h>

/* Such lists of the program, and rows of all of them. */
#ifndef PKTC_LISTS64
#define PKTC_LISTS64 1
#endif
#ifndef PKTC_RANGES64
#define PKTC_RANGES64 1
#endif

struct pktc_list64 {
	__u32 start;	/* its first row */
	__u32 count;
};

/* An inclusive range. */
struct pktc_range64 {
	__u64 first;
	__u64 last;
};

/* The values are written into the object file. */
PKTC_TABLE struct pktc_list64 pktc_lists64[PKTC_LISTS64];
PKTC_TABLE struct pktc_range64 pktc_ranges64[PKTC_RANGES64];

/*
 * Whether `value`, below 2^63, lies in one of the sorted ranges of a list. Which half to go on with is
 * computed: the verifier would follow both sides of a branch. Global, so that it is checked once.
 */
__noinline int pktc_search64(__u64 value, __u32 list)
{
	__u32 at, count, step, half, probe, i;
	__u64 below;

	if (list >= PKTC_LISTS64)
		return 0;
	at = pktc_lists64[list].start;
	count = pktc_lists64[list].count;

	for (i = 0; i < PKTC_SEARCH_STEPS && count > 1; i++) {
		half = count / 2;
		probe = at + half;
		pktc_opaque(probe);
		if (probe >= PKTC_RANGES64)
			return 0;
		below = (value - pktc_ranges64[probe].first) >> 63;
		step = half & (__u32)(below - 1);
		pktc_opaque(step);
		at += step;
		count -= half;
	}
	pktc_opaque(at);
	if (at >= PKTC_RANGES64)
		return 0;
	return pktc_in64(value, pktc_ranges64[at].first, pktc_ranges64[at].last);
}

#endif /* PKTC_SEARCH64_H */
