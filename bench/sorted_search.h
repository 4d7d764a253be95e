/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What sets are measured against: sorted ranges in an array, halved again and again. */
#ifndef SORTED_SEARCH_H
#define SORTED_SEARCH_H

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

/* Rows of all such lists of the program. */
#ifndef PKTC_RANGES6
#define PKTC_RANGES6 1
#endif

/* An inclusive range. */
struct pktc_range6 {
	struct pktc_u128 first;
	struct pktc_u128 last;
};

/* The values are written into the object file. */
static const volatile struct pktc_range6 pktc_ranges6[PKTC_RANGES6];

/* 1 when a < b, else 0, without a branch: the borrow of a - b. */
static __always_inline __u64 pktc_less(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}

/* Whether an IPv6 address lies in one of the `count` sorted ranges from `start` on. */
__noinline int pktc_search6(__u64 high, __u64 low, __u32 start, __u32 count)
{
	const volatile struct pktc_u128 *first, *last;
	__u32 at = start, step, half, probe, i;
	__u64 first_high, differ, below;

	for (i = 0; i < PKTC_SEARCH_STEPS && count > 1; i++) {
		half = count / 2;
		probe = at + half;
		pktc_opaque(probe);
		if (probe >= PKTC_RANGES6)
			return 0;
		first = &pktc_ranges6[probe].first;
		first_high = first->high;
		differ = high ^ first_high;
		below = pktc_less(high, first_high) |
			(((differ | -differ) >> 63 ^ 1) & pktc_less(low, first->low));
		step = half & (__u32)(below - 1);
		pktc_opaque(step);
		at += step;
		count -= half;
	}
	pktc_opaque(at);
	if (at >= PKTC_RANGES6)
		return 0;
	first = &pktc_ranges6[at].first;
	last = &pktc_ranges6[at].last;
	return pktc_at_least6(high, low, first->high, first->low) &&
	       pktc_at_least6(last->high, last->low, high, low);
}

#endif /* SORTED_SEARCH_H */
