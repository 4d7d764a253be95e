/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Searches pktc_ranges6, a table of the program that includes this; see search.h. */
#ifndef PKTC_SEARCH6_H
#define PKTC_SEARCH6_H

#include <pktc/compare.h>

/* 1 when a < b, else 0, without a branch: the borrow of a - b. */
static __always_inline __u64 pktc_less(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}

/* Whether an IPv6 address lies in one of the `count` sorted ranges from `start` on. */
__noinline int pktc_search6(__u64 high, __u64 low, __u32 start, __u32 count)
{
	const __u32 rows = sizeof(pktc_ranges6) / sizeof(pktc_ranges6[0]);
	const struct pktc_u128 *first, *last;
	__u32 at = start, step, half, probe, i;
	__u64 differ, below;

	for (i = 0; i < PKTC_SEARCH_STEPS && count > 1; i++) {
		half = count / 2;
		probe = at + half;
		pktc_opaque(probe);
		if (probe >= rows)
			return 0;
		first = &pktc_ranges6[probe].first;
		differ = high ^ first->high;
		below = pktc_less(high, first->high) |
			(((differ | -differ) >> 63 ^ 1) & pktc_less(low, first->low));
		step = half & (__u32)(below - 1);
		pktc_opaque(step);
		at += step;
		count -= half;
	}
	pktc_opaque(at);
	if (at >= rows)
		return 0;
	first = &pktc_ranges6[at].first;
	last = &pktc_ranges6[at].last;
	return pktc_at_least6(high, low, first->high, first->low) &&
	       pktc_at_least6(last->high, last->low, high, low);
}

#endif /* PKTC_SEARCH6_H */
