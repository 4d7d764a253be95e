/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Searches pktc_ranges, a table of the program that includes this. */
#ifndef PKTC_SEARCH_H
#define PKTC_SEARCH_H

#include <pktc/compare.h>

/*
 * Whether `value`, below 2^63, lies in one of the `count` sorted ranges from `start`
 * on. Which half to go on with is computed and not branched to: the verifier would
 * follow both sides of every branch, 2^12 ways. Global, so that it is checked once.
 */
__noinline int pktc_search(__u64 value, __u32 start, __u32 count)
{
	const __u32 rows = sizeof(pktc_ranges) / sizeof(pktc_ranges[0]);
	__u32 at = start, step, half, probe, i;
	__u64 below;

	for (i = 0; i < PKTC_SEARCH_STEPS && count > 1; i++) {
		half = count / 2;
		probe = at + half;
		pktc_opaque(probe);
		if (probe >= rows)
			return 0;
		below = (value - pktc_ranges[probe].first) >> 63;
		step = half & (__u32)(below - 1);
		pktc_opaque(step);
		at += step;
		count -= half;
	}
	pktc_opaque(at);
	if (at >= rows)
		return 0;
	return pktc_in64(value, pktc_ranges[at].first, pktc_ranges[at].last);
}

#endif /* PKTC_SEARCH_H */
