/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Large sets of IPv6 addresses. Prefixes of up to 64 bits lie in lines of 64 bytes, as a line of memory is,
 * and an address has to look into one. How many of its bits choose the line is told for each unit, a network
 * of a fixed length: few where the set is coarse, more where it is fine. A line has room for a single address,
 * too. Nothing is compared with a branch, for none could be foretold. What found no room lies in one of the three
 * lines beside it; what found none there, either, or is neither of the two, is in a set of set6.h, the rest: a line says
 * for which addresses it is worth asking all of these.
 * `compiler/5-emit/sets/lines.ts` writes the tables.
 */
#ifndef PKTC_SET_LINES_H
#define PKTC_SET_LINES_H

#include <pktc/set6.h>

#ifndef PKTC_LINED_SETS
#define PKTC_LINED_SETS 1
#endif
#ifndef PKTC_LINE_CODES
#define PKTC_LINE_CODES 1
#endif
#ifndef PKTC_LINES
#define PKTC_LINES 1
#endif

#define PKTC_LINE_PREFIXES 6
/* Lines side by side that take in what one of them has no room for. A power of two. */
#define PKTC_LINE_GROUP 4

/* The golden ratio of 2^64, odd, so that no two numbers become one. */
#define PKTC_LINE_FACTOR 0x9e3779b97f4a7c15ULL
/* Of a mixed address, the lines of a group imply so many bits; there are 512 groups at least. Two of them are the code's place. */
#define PKTC_LINE_BITS 9
#define PKTC_CODE_SHIFT 62
#define PKTC_LINE_HOST 64

struct pktc_line {
	__u64 rest;	/* a bit for each value of six bits of a mixed address: ask the other lines of the group, and the rest */
	/*
	 * From the highest bit on the code and a mixed address without the bits that its line implies. In the lowest six bits:
	 * how many bits, from the lowest on, are none of the prefix. A free place is 65, which is like no address. The last
	 * one may be the /64 network of a single address, 6 in the lowest bits and 1 in the one above.
	 */
	__u64 prefixes[PKTC_LINE_PREFIXES];
	__u64 host;	/* lower half of the single address */
} __attribute__((aligned(64)));

struct pktc_lined_set {
	__u64 masks[4];		/* bits of the upper half of an address that choose its line, by the code of its unit */
	__u32 unit_shift;	/* bits of that half that are none of its unit */
	__u32 codes;		/* first element of pktc_line_codes */
	__u32 codes_shift;	/* 64 - log2 of the number of codes */
	__u32 first;		/* line */
	__u32 count;		/* of lines, whole groups */
	__u32 rest_shift;	/* place of the six bits */
	__u32 set;		/* number of the rest in set6.h */
	__u32 always;		/* 1: the rest has prefixes that no line speaks of */
} __attribute__((aligned(64)));

PKTC_TABLE struct pktc_lined_set pktc_lined_sets[PKTC_LINED_SETS];
/* Two bits for each hash of a unit. */
PKTC_TABLE __u64 pktc_line_codes[PKTC_LINE_CODES];
PKTC_TABLE struct pktc_line pktc_lines[PKTC_LINES];

/* Where an address looks. */
struct pktc_line_place {
	__u64 mixed;
	__u64 code;
	__u32 line; /* of the set's */
};

static __always_inline struct pktc_line_place pktc_line_place(const volatile struct pktc_lined_set *s, __u64 high)
{
	struct pktc_line_place place;
	__u64 slot, mask, key;
	__u32 at;

	slot = (high >> (s->unit_shift & 63)) * PKTC_LINE_FACTOR >> (s->codes_shift & 63);
	at = s->codes + (__u32)(slot >> 5);
	pktc_opaque(at);
	if (at >= PKTC_LINE_CODES)
		at = 0;
	place.code = pktc_line_codes[at] >> ((slot & 31) * 2) & 3;
	mask = s->masks[place.code];
	key = (high & mask) * PKTC_LINE_FACTOR;
	place.mixed = key + (high & ~mask);
	place.line = (key >> 32) * s->count >> 32;
	return place;
}

/*
 * Shifted by what its lowest six bits say, which are the prefix's alone. The kernel shifts by no more than these, so that no
 * instruction has to mask them, as in C (Documentation/bpf/standardization/instruction-set.rst).
 */
static __always_inline __u64 pktc_line_left(__u64 differs)
{
	__asm__("%0 >>= %0" : "+r"(differs));
	return differs;
}

static __always_inline bool pktc_line_has(const volatile struct pktc_line *line, const struct pktc_line_place *place, __u64 low)
{
	__u64 mixed = place->code << PKTC_CODE_SHIFT | place->mixed << PKTC_LINE_BITS >> 2;
	__u64 differs = 0, left = 0, found = 0;
	__u32 i;

	/* Of a prefix that the address is in, nothing but zeros is left: one less, and the highest bit is set. */
#pragma unroll
	for (i = 0; i < PKTC_LINE_PREFIXES; i++) {
		differs = line->prefixes[i] ^ mixed;
		left = pktc_line_left(differs);
		found |= left - 1;
	}
	/* Of the network of a single address, a 1 is left, which no prefix has in its place. */
	left = (left ^ 1) | (~differs & PKTC_LINE_HOST) | (line->host ^ low);
	found |= ~(left | -left);
	return found >> 63;
}

/* NULL is for the verifier alone. */
static __always_inline const volatile struct pktc_line *pktc_line_at(const volatile struct pktc_lined_set *s, __u32 line)
{
	__u32 at = s->first + line;

	pktc_opaque(at);
	if (at >= PKTC_LINES)
		return NULL;
	/* The address is made behind the check, too. */
	pktc_opaque(at);
	return &pktc_lines[at];
}

/* Behind the line of an address. Called for few addresses, and so no part of the code around it. */
__noinline int pktc_beside_line(__u64 high, __u64 low, __u32 set)
{
	const volatile struct pktc_lined_set *s;
	const volatile struct pktc_line *line;
	struct pktc_line_place place;
	__u32 i;

	if (set >= PKTC_LINED_SETS)
		return false;
	s = &pktc_lined_sets[set];
	place = pktc_line_place(s, high);
#pragma unroll
	for (i = 1; i < PKTC_LINE_GROUP; i++) {
		line = pktc_line_at(s, place.line ^ i);
		if (line && pktc_line_has(line, &place, low))
			return true;
	}
	return pktc_in_set6(high, low, s->set);
}

/* Whether an IPv6 address is in the set of lines of that number. */
PKTC_SET_LINKAGE int pktc_in_lines(__u64 high, __u64 low, __u32 set)
{
	const volatile struct pktc_lined_set *s;
	const volatile struct pktc_line *line;
	struct pktc_line_place place;
	__u64 rest;
	bool found;

	if (set >= PKTC_LINED_SETS)
		return false;
	s = &pktc_lined_sets[set];
	place = pktc_line_place(s, high);
	line = pktc_line_at(s, place.line);
	if (!line)
		return false;
	rest = line->rest >> (place.mixed >> (s->rest_shift & 63) & 63) | s->always;
	found = pktc_line_has(line, &place, low);
	if (unlikely(rest & !found))
		return pktc_beside_line(high, low, set);
	return found;
}

#endif /* PKTC_SET_LINES_H */
