/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the conditions of rules are made of. Values are in host byte order. */
#ifndef PKTC_COMPARE_H
#define PKTC_COMPARE_H

#include <pktc/bpf.h>

/* An IPv6 address in two halves. */
struct pktc_u128 {
	__u64 high;
	__u64 low;
};

/* Halvings that find one range among 2^21. */
#define PKTC_SEARCH_STEPS 21

/* Whether the packet has all fields in `bits`, a set of PKTC_HAS_*. */
#define pktc_has(f, bits) ((pktc_read((f)->present) & (bits)) == (bits))

/* The same, and a value, where the compiler may know them in the quick walk: `usual` says whether this is one. */
#define pktc_shows(f, bits) (usual ? ((f)->present & (bits)) == (bits) : pktc_has(f, bits))
#define pktc_taken(x) (usual ? (x) : pktc_read(x))

/* `mark`, a power of two, where the packet has the field of `bit`, else 0: a shift, and no branch. */
#define pktc_marked(f, bit, mark) ((pktc_taken((f)->present) & (bit)) / (bit) * (mark))

/* One comparison instead of two: below `first` the difference wraps round. */
static __always_inline bool pktc_in(__u32 value, __u32 first, __u32 last)
{
	return value - first <= last - first;
}

static __always_inline bool pktc_in64(__u64 value, __u64 first, __u64 last)
{
	return value - first <= last - first;
}

static __always_inline bool pktc_at_least6(__u64 high, __u64 low, __u64 first_high, __u64 first_low)
{
	return high > first_high || (high == first_high && low >= first_low);
}

static __always_inline bool pktc_in6(struct pktc_u128 value, __u64 first_high, __u64 first_low,
				     __u64 last_high, __u64 last_low)
{
	/* A prefix of up to 64 bits, and one of more: a half each. */
	if (first_low == 0 && last_low == ~0ULL)
		return pktc_in64(value.high, first_high, last_high);
	if (first_high == last_high)
		return value.high == first_high && pktc_in64(value.low, first_low, last_low);
	return pktc_at_least6(value.high, value.low, first_high, first_low) &&
	       pktc_at_least6(last_high, last_low, value.high, value.low);
}

static __always_inline bool pktc_masked6(struct pktc_u128 value, __u64 mask_high, __u64 mask_low,
					 __u64 high, __u64 low)
{
	return (value.high & mask_high) == high && (value.low & mask_low) == low;
}

static __always_inline struct pktc_u128 pktc_read6(const struct pktc_u128 *value)
{
	struct pktc_u128 copy = { pktc_read(value->high), pktc_read(value->low) };

	return copy;
}

#endif /* PKTC_COMPARE_H */
