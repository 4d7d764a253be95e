/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sets of 32-bit values, from a dozen ranges to millions: which value is in is decided by its *edges*,
 * the first value of each range and the first one behind it, in order. A value is in a set when the
 * number of edges at or below it is odd. The top bits of a value choose a block, the next ones a
 * bucket of it, which is a stretch of the edges, of up to eight nearly always: three reads of memory.
 * Blocks with more edges have more buckets. The lists begin at even places, so the place of an edge
 * says what it is. `compiler/5-emit/sets` writes the tables.
 */
#ifndef PKTC_SET_H
#define PKTC_SET_H

#include <pktc/compare.h>

/* Sizes of the tables, of all sets together. */
#ifndef PKTC_SETS
#define PKTC_SETS 1
#endif
#ifndef PKTC_SET_BLOCKS
#define PKTC_SET_BLOCKS 1
#endif
#ifndef PKTC_SET_BUCKETS
#define PKTC_SET_BUCKETS 2
#endif
#ifndef PKTC_SET_EDGES
#define PKTC_SET_EDGES 16
#endif

/*
 * How functions are compiled that look a value up: as part of the rules that ask, or, where many rules
 * ask, __noinline, which costs a call each time.
 */
#ifndef PKTC_SET_LINKAGE
#define PKTC_SET_LINKAGE static __always_inline
#endif

/* Edges that are compared without a look at how many there are. */
#define PKTC_SET_WINDOW 8

struct pktc_set {
	__u32 first;	/* block of the values whose top bits are 0 */
	__u32 shift;	/* bits below the top bits */
};

PKTC_TABLE struct pktc_set pktc_sets[PKTC_SETS];
/* First bucket << 6 | bits of a value below those that choose the bucket. */
PKTC_TABLE __u32 pktc_set_blocks[PKTC_SET_BLOCKS];
/* First edge of each bucket; it ends where the next one begins. */
PKTC_TABLE __u32 pktc_set_buckets[PKTC_SET_BUCKETS];
PKTC_TABLE __u32 pktc_set_edges[PKTC_SET_EDGES];

/* 1 for an edge at or below the value. */
#define PKTC_AT_OR_BELOW(edge, value) (((__u64)(edge) - (value) - 1) >> 63)

/* Whether the number of edges at or below `value` is odd, up to the `count` from `start` on, at most PKTC_SET_WINDOW. */
static __always_inline bool pktc_in_window(__u32 start, __u32 count, __u32 value)
{
	const volatile __u32 *edge;
	__u64 below = 0;
	__u32 i;

	pktc_opaque(start);
	if (start >= PKTC_SET_EDGES - PKTC_SET_WINDOW)
		return false;
	edge = &pktc_set_edges[start];
#pragma unroll
	for (i = 0; i < PKTC_SET_WINDOW; i++)
		below |= PKTC_AT_OR_BELOW(edge[i], value) << i;
	/* Those behind the bucket are none of ours. What is left are the lowest bits, 0 to 8 of them. */
	below &= (1ULL << (count & 15)) - 1;
	below ^= below >> 4;
	below ^= below >> 2;
	return (below ^ below >> 1 ^ start) & 1;
}

/*
 * For buckets with more edges, which are few. Which half to go on with is computed: the verifier
 * would follow both sides of a branch. Global, so that it is checked once.
 */
__noinline int pktc_in_crowd(__u32 start, __u32 count, __u32 value)
{
	__u32 half, probe, i;

	for (i = 0; i < 32 && count > PKTC_SET_WINDOW; i++) {
		half = count / 2;
		probe = start + half;
		pktc_opaque(probe);
		if (probe >= PKTC_SET_EDGES)
			return 0;
		probe = half & -(__u32)PKTC_AT_OR_BELOW(pktc_set_edges[probe], value);
		pktc_opaque(probe);
		start += probe;
		count -= half;
	}
	return pktc_in_window(start, count, value);
}

/* Whether `value` is in, of whose bits `low` choose the bucket. */
static __always_inline bool pktc_in_block(__u32 block, __u32 low, __u32 value)
{
	__u32 at = (block >> 6) + (__u32)((__u64)low >> (block & 63));
	__u32 start, count;

	pktc_opaque(at);
	if (at >= PKTC_SET_BUCKETS - 1)
		return false;
	start = pktc_set_buckets[at];
	count = pktc_set_buckets[at + 1] - start;
	if (unlikely(count > PKTC_SET_WINDOW))
		return pktc_in_crowd(start, count, value);
	return pktc_in_window(start, count, value);
}

static __always_inline bool pktc_in_tops(__u32 first, __u32 shift, __u32 value)
{
	__u32 at = first + (value >> (shift & 31));
	__u32 low = value & ((1U << (shift & 31)) - 1);

	pktc_opaque(at);
	if (at >= PKTC_SET_BLOCKS)
		return false;
	return pktc_in_block(pktc_set_blocks[at], low, value);
}

/* Whether `value` is in a set. */
PKTC_SET_LINKAGE int pktc_in_set(__u32 value, __u32 set)
{
	if (set >= PKTC_SETS)
		return 0;
	return pktc_in_tops(pktc_sets[set].first, pktc_sets[set].shift, value);
}

#endif /* PKTC_SET_H */
