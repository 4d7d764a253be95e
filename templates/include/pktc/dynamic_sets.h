/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sets that rules fill: what all of them share; dynamic_set.h has the rest, anew for each.
 *
 * A set is a hash table in an array that user space can map. An element has two buckets
 * of eight places, of which it takes one, and a place is as long in use as its time says:
 * nothing has to tidy up, a place whose time is over is taken by the next element that
 * needs one. A place changes hands by a compare-and-swap of that time, so that CPUs and
 * user space need no lock. A time only grows while an element stays.
 */
#ifndef PKTC_DYNAMIC_SETS_H
#define PKTC_DYNAMIC_SETS_H

#include <pktc/bpf.h>
#include <pktc/compare.h>
#include <pktc/decision.h>

#define PKTC_BUCKET_PLACES 8
#define PKTC_FILLED_TRIES 16

/* Places ahead of the first bucket: two heads, apart from each other. */
#define PKTC_FILLED_FIRST 4
#define PKTC_FILLED_CONSTANTS 0
#define PKTC_FILLED_COUNTS 2

/* What until_ns says besides a time, and all of it is over. */
#define PKTC_PLACE_UNUSED 0ULL	/* since the program was loaded: the bucket ends here */
#define PKTC_PLACE_TAKEN 1ULL	/* somebody is writing the key */
#define PKTC_PLACE_FREED 2ULL
/* From here on it stays until it is taken out; other bits tell one such stay from another. */
#define PKTC_PLACE_STAYS (1ULL << 63)

/* How often a change that others get in the way of is tried. */
#define PKTC_FILLED_ATTEMPTS 4
/* Places that are looked through for such whose time is over, when a set is full. */
#define PKTC_FILLED_SWEEP 64

/* A place, how full its bucket is, and whether its time is over, in one word. */
#define PKTC_ROOM_OVER (1U << 31)
#define PKTC_ROOM_SHIFT 26
#define PKTC_ROOM_PLACE ((1U << PKTC_ROOM_SHIFT) - 1)

struct pktc_filled_constants {
	__u32 seed; /* written by the loader */
	__u32 reserved[3];
};

struct pktc_filled_counts {
	__u32 used;   /* places that are neither unused nor freed */
	__u32 cursor; /* where the next sweep begins */
	__u64 refused;
};

/* Whether time is what the loader says: for packets that are only tried. */
const volatile __u32 pktc_clock_given = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pktc_clock SEC(".maps");

static __always_inline __u64 pktc_now_ns(void)
{
	const __u64 *given;
	__u32 first = 0;

	if (!pktc_clock_given)
		return bpf_ktime_get_boot_ns();
	given = bpf_map_lookup_elem(&pktc_clock, &first);
	return given ? pktc_read(*given) : 0;
}

static __always_inline __u32 pktc_filled_mix(__u32 hash, __u32 word)
{
	hash = (hash ^ word) * 0x85ebca6b;
	return hash ^ hash >> 13;
}

/* The place of the try: in the first bucket of the hash, then in the second. */
static __always_inline __u32 pktc_filled_place(__u32 hash, __u32 try, __u32 buckets)
{
	__u32 other = (hash >> 16 | hash << 16) * 0xc2b2ae35 >> 7 | 1;
	__u32 bucket = try < PKTC_BUCKET_PLACES ? hash : hash ^ other;

	return PKTC_FILLED_FIRST + (bucket & (buckets - 1)) * PKTC_BUCKET_PLACES +
	       (try & (PKTC_BUCKET_PLACES - 1));
}

#define pktc_upper(x) ((__u32)((x) >> 32))
#define pktc_lower(x) ((__u32)(x))

/* Of a dynamic set by its number, with the words of an element. */
#define pktc_member(set, ...)                                                    \
	({                                                                       \
		struct pktc_element_##set element = { { __VA_ARGS__ } };         \
		pktc_set_has_##set(&element);                                    \
	})

/* 1: the set is full. */
#define pktc_add_to(set, lasts_ns, ...)                                          \
	({                                                                       \
		struct pktc_element_##set element = { { __VA_ARGS__ } };         \
		pktc_set_add_##set(&element, lasts_ns);                          \
	})

/* What an addition decides, after others of the rule: a drop before a pass, the first before others. */
static __always_inline int pktc_decider(int so_far, int full, int if_there, int if_full)
{
	int next = full ? if_full : if_there;

	if (next == PKTC_UNDECIDED)
		return so_far;
	if (so_far == PKTC_UNDECIDED)
		return next;
	return pktc_decision_verdict(so_far) == PKTC_VERDICT_PASS &&
			       pktc_decision_verdict(next) == PKTC_VERDICT_DROP ?
		       next :
		       so_far;
}

/* As an event has it. */
static __always_inline __u32 pktc_decided_verdict(int decision)
{
	return decision == PKTC_UNDECIDED ? PKTC_VERDICT_NONE : pktc_decision_verdict(decision);
}

#endif /* PKTC_DYNAMIC_SETS_H */
