/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Long lists of values of up to 32 bits: addresses, ports. */
#ifndef PKTC_SEARCH_H
#define PKTC_SEARCH_H

#include <pktc/compare.h>

/* Rows of all such lists of the program. */
#ifndef PKTC_RANGES
#define PKTC_RANGES 1
#endif

/* An inclusive range. */
struct pktc_range {
	__u32 first;
	__u32 last;
};

/* The values are written into the object file. */
static const volatile struct pktc_range pktc_ranges[PKTC_RANGES];

/*
 * Whether `value` lies in one of the `count` sorted ranges from `start` on. Which half
 * to go on with is computed and not branched to: the verifier would follow both sides of
 * every branch, 2^20 ways. Global, so that it is checked once.
 */
__noinline int pktc_search(__u32 value, __u32 start, __u32 count)
{
	__u32 at = start, step, half, probe, i;
	__u64 below;

	for (i = 0; i < PKTC_SEARCH_STEPS && count > 1; i++) {
		half = count / 2;
		probe = at + half;
		pktc_opaque(probe);
		if (probe >= PKTC_RANGES)
			return 0;
		below = ((__u64)value - pktc_ranges[probe].first) >> 63;
		step = half & (__u32)(below - 1);
		pktc_opaque(step);
		at += step;
		count -= half;
	}
	pktc_opaque(at);
	if (at >= PKTC_RANGES)
		return 0;
	return pktc_in(value, pktc_ranges[at].first, pktc_ranges[at].last);
}

#endif /* PKTC_SEARCH_H */
