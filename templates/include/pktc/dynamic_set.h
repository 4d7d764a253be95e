/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One set that rules fill. Included once for each, with PKTC_FILLED (its number),
 * PKTC_FILLED_WORDS (of an element), PKTC_FILLED_SIZE (elements at most) and PKTC_FILLED_BUCKETS
 * (a power of two, at least 2) defined: no include guard.
 */
#include <pktc/dynamic_sets.h>

#ifndef PKTC_FILLED
#define PKTC_FILLED 0
#define PKTC_FILLED_WORDS 5
#define PKTC_FILLED_SIZE 64
#define PKTC_FILLED_BUCKETS 16
#endif

#define PKTC_OF_SET__(name, set) name##set
#define PKTC_OF_SET_(name, set) PKTC_OF_SET__(name, set)
#define PKTC_OF_SET(name) PKTC_OF_SET_(name, PKTC_FILLED)

#define PKTC_ELEMENT struct PKTC_OF_SET(pktc_element_)
#define PKTC_PLACE struct PKTC_OF_SET(pktc_place_)
#define PKTC_FILLED_MAP PKTC_OF_SET(pktc_set_)
#define PKTC_FILLED_PLACES (PKTC_FILLED_BUCKETS * PKTC_BUCKET_PLACES)

PKTC_ELEMENT {
	__u32 words[PKTC_FILLED_WORDS];
};

/* Large enough for the heads. */
PKTC_PLACE {
	__u64 until_ns;
	__u32 words[PKTC_FILLED_WORDS < 4 ? 4 : PKTC_FILLED_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PKTC_FILLED_FIRST + PKTC_FILLED_PLACES);
	__type(key, __u32);
	__type(value, PKTC_PLACE);
} PKTC_FILLED_MAP SEC(".maps");

static __always_inline PKTC_PLACE *PKTC_OF_SET(pktc_set_at_)(__u32 at)
{
	return bpf_map_lookup_elem(&PKTC_FILLED_MAP, &at);
}

static __always_inline bool PKTC_OF_SET(pktc_set_same_)(const PKTC_PLACE *place,
						       const PKTC_ELEMENT *element)
{
	__u32 differs = 0, i;

#pragma unroll
	for (i = 0; i < PKTC_FILLED_WORDS; i++)
		differs |= pktc_read(place->words[i]) ^ element->words[i];
	return !differs;
}

static __always_inline __u32 PKTC_OF_SET(pktc_set_hash_)(const PKTC_ELEMENT *element)
{
	const struct pktc_filled_constants *constants =
		(const void *)PKTC_OF_SET(pktc_set_at_)(PKTC_FILLED_CONSTANTS);
	__u32 hash = constants ? constants->seed : 0, i;

#pragma unroll
	for (i = 0; i < PKTC_FILLED_WORDS; i++)
		hash = pktc_filled_mix(hash, element->words[i]);
	return pktc_filled_mix(hash, PKTC_FILLED_WORDS);
}

/* Whether the element is there and its time is not over. Global: checked once by the verifier. */
__noinline int PKTC_OF_SET(pktc_set_has_)(PKTC_ELEMENT *element)
{
	__u32 hash, try;

	if (!element)
		return 0;
	hash = PKTC_OF_SET(pktc_set_hash_)(element);
#pragma clang loop unroll(disable)
	for (try = 0; try < PKTC_FILLED_TRIES; try++) {
		const PKTC_PLACE *place =
			PKTC_OF_SET(pktc_set_at_)(pktc_filled_place(hash, try, PKTC_FILLED_BUCKETS));

		if (!place)
			return 0;
		if (pktc_read(place->until_ns) == PKTC_PLACE_UNUSED) {
			if (try >= PKTC_BUCKET_PLACES)
				return 0;
			try = PKTC_BUCKET_PLACES - 1;
			continue;
		}
		/* The time is read behind the key: a place that changed hands meanwhile was over. */
		if (PKTC_OF_SET(pktc_set_same_)(place, element) &&
		    pktc_read(place->until_ns) > pktc_now_ns())
			return 1;
	}
	return 0;
}

/*
 * Frees places whose time is over, of those where the last sweep ended. Returns whether there
 * is room. Global, as what follows: the verifier checks each once, and not in each turn of a
 * loop that calls it.
 */
__noinline int PKTC_OF_SET(pktc_set_sweep_)(__u64 now_ns)
{
	struct pktc_filled_counts *counts = (void *)PKTC_OF_SET(pktc_set_at_)(PKTC_FILLED_COUNTS);
	__u32 from, i;

	if (!counts)
		return 0;
	from = __sync_fetch_and_add(&counts->cursor, PKTC_FILLED_SWEEP);
#pragma clang loop unroll(disable)
	for (i = 0; i < PKTC_FILLED_SWEEP; i++) {
		PKTC_PLACE *place = PKTC_OF_SET(pktc_set_at_)(PKTC_FILLED_FIRST +
							     ((from + i) & (PKTC_FILLED_PLACES - 1)));
		__u64 until_ns;

		if (!place)
			break;
		until_ns = pktc_read(place->until_ns);
		if (until_ns <= PKTC_PLACE_FREED || until_ns > now_ns)
			continue;
		if (__sync_val_compare_and_swap(&place->until_ns, until_ns, PKTC_PLACE_FREED) == until_ns)
			__sync_fetch_and_add(&counts->used, -1);
	}
	return pktc_read(counts->used) < PKTC_FILLED_SIZE;
}

/* The element stays until `until_ns` at least. False: it is gone meanwhile. */
static __always_inline bool PKTC_OF_SET(pktc_set_extend_)(PKTC_PLACE *place, __u64 until_ns)
{
	__u64 seen = pktc_read(place->until_ns), before;
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < PKTC_FILLED_ATTEMPTS; i++) {
		if (seen <= PKTC_PLACE_FREED)
			return false;
		if (seen >= until_ns || seen >= PKTC_PLACE_STAYS)
			return true;
		before = __sync_val_compare_and_swap(&place->until_ns, seen, until_ns);
		if (before == seen)
			return true;
		seen = before;
	}
	/* Others extend it all the time. */
	return seen > PKTC_PLACE_FREED;
}

/*
 * A place for an element in the bucket, and how full it is: one whose time is over
 * (PKTC_ROOM_OVER), else the first free one, with the places in use above it; 0: none.
 */
__noinline __u32 PKTC_OF_SET(pktc_set_bucket_)(__u32 first, __u64 now_ns)
{
	__u32 found = 0, full = 0, i;

#pragma clang loop unroll(disable)
	for (i = 0; i < PKTC_BUCKET_PLACES; i++) {
		const PKTC_PLACE *place = PKTC_OF_SET(pktc_set_at_)(first + i);
		__u64 seen;

		if (!place)
			return 0;
		seen = pktc_read(place->until_ns);
		if (seen > PKTC_PLACE_FREED && seen <= now_ns)
			return PKTC_ROOM_OVER | (first + i);
		if (seen == PKTC_PLACE_TAKEN || seen > PKTC_PLACE_FREED)
			full++;
		else if (!found)
			found = i + 1;
	}
	return found ? full << PKTC_ROOM_SHIFT | (first + found - 1) : 0;
}

/* The same of the two buckets for the hash: of the one that is less full. */
static __always_inline __u32 PKTC_OF_SET(pktc_set_room_)(__u32 hash, __u64 now_ns)
{
	__u32 one = PKTC_OF_SET(pktc_set_bucket_)(pktc_filled_place(hash, 0, PKTC_FILLED_BUCKETS), now_ns);
	__u32 other;

	if (one & PKTC_ROOM_OVER)
		return one & PKTC_ROOM_PLACE;
	other = PKTC_OF_SET(pktc_set_bucket_)(
		pktc_filled_place(hash, PKTC_BUCKET_PLACES, PKTC_FILLED_BUCKETS), now_ns);
	if (!one || other & PKTC_ROOM_OVER ||
	    (other && other >> PKTC_ROOM_SHIFT < one >> PKTC_ROOM_SHIFT))
		one = other;
	return one & PKTC_ROOM_PLACE;
}

/* Counts one more element. False: the set has as many as it holds. */
static __always_inline bool PKTC_OF_SET(pktc_set_reserve_)(struct pktc_filled_counts *counts)
{
	if (__sync_fetch_and_add(&counts->used, 1) < PKTC_FILLED_SIZE)
		return true;
	__sync_fetch_and_add(&counts->used, -1);
	return false;
}

/* Writes the element into a place that was as `seen`. False: somebody else has it. */
static __always_inline bool PKTC_OF_SET(pktc_set_take_)(PKTC_PLACE *place, __u64 seen,
						       const PKTC_ELEMENT *element, __u64 until_ns)
{
	__u32 i;

	if (__sync_val_compare_and_swap(&place->until_ns, seen, PKTC_PLACE_TAKEN) != seen)
		return false;
#pragma unroll
	for (i = 0; i < PKTC_FILLED_WORDS; i++)
		*(volatile __u32 *)&place->words[i] = element->words[i];
	/* Behind the key also where a processor does not keep the order of stores. */
	__sync_lock_test_and_set(&place->until_ns, until_ns);
	return true;
}

/* True: the element was there, over or not, and stays now. */
__noinline int PKTC_OF_SET(pktc_set_renew_)(PKTC_ELEMENT *element, __u32 hash, __u64 until_ns)
{
	__u32 try;

	if (!element)
		return 0;
#pragma clang loop unroll(disable)
	for (try = 0; try < PKTC_FILLED_TRIES; try++) {
		PKTC_PLACE *place =
			PKTC_OF_SET(pktc_set_at_)(pktc_filled_place(hash, try, PKTC_FILLED_BUCKETS));

		if (!place)
			return 0;
		if (pktc_read(place->until_ns) == PKTC_PLACE_UNUSED) {
			if (try >= PKTC_BUCKET_PLACES)
				return 0;
			try = PKTC_BUCKET_PLACES - 1;
			continue;
		}
		if (PKTC_OF_SET(pktc_set_same_)(place, element) &&
		    PKTC_OF_SET(pktc_set_extend_)(place, until_ns))
			return 1;
	}
	return 0;
}

/*
 * Puts the element in for `lasts_ns`, 0: until it is taken out, or has it stay so long.
 * Returns 1 when there is no room. Global: checked once by the verifier.
 */
__noinline int PKTC_OF_SET(pktc_set_add_)(PKTC_ELEMENT *element, __u64 lasts_ns)
{
	struct pktc_filled_counts *counts = (void *)PKTC_OF_SET(pktc_set_at_)(PKTC_FILLED_COUNTS);
	__u64 now_ns = pktc_now_ns(), until_ns, attempt;
	__u32 hash;

	if (!element || !counts)
		return 0;
	until_ns = lasts_ns ? now_ns + lasts_ns : now_ns | PKTC_PLACE_STAYS;
	hash = PKTC_OF_SET(pktc_set_hash_)(element);
	if (PKTC_OF_SET(pktc_set_renew_)(element, hash, until_ns))
		return 0;
#pragma clang loop unroll(disable)
	for (attempt = 0; attempt < PKTC_FILLED_ATTEMPTS; attempt = pktc_next(attempt)) {
		__u32 at = PKTC_OF_SET(pktc_set_room_)(hash, now_ns);
		PKTC_PLACE *place = PKTC_OF_SET(pktc_set_at_)(at);
		bool fresh;
		__u64 seen;

		if (at < PKTC_FILLED_FIRST || !place)
			break;
		seen = pktc_read(place->until_ns);
		if (seen == PKTC_PLACE_TAKEN || (seen > PKTC_PLACE_FREED && seen > now_ns))
			continue;
		fresh = seen <= PKTC_PLACE_FREED;
		if (fresh && !PKTC_OF_SET(pktc_set_reserve_)(counts)) {
			if (!PKTC_OF_SET(pktc_set_sweep_)(now_ns))
				break;
			continue;
		}
		if (PKTC_OF_SET(pktc_set_take_)(place, seen, element, until_ns))
			return 0;
		if (fresh)
			__sync_fetch_and_add(&counts->used, -1);
	}
	__sync_fetch_and_add(&counts->refused, 1);
	return 1;
}

#undef PKTC_FILLED_PLACES
#undef PKTC_FILLED_MAP
#undef PKTC_PLACE
#undef PKTC_ELEMENT
#undef PKTC_OF_SET
#undef PKTC_OF_SET_
#undef PKTC_OF_SET__
#undef PKTC_FILLED
#undef PKTC_FILLED_WORDS
#undef PKTC_FILLED_SIZE
#undef PKTC_FILLED_BUCKETS
