/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Looks 64 addresses up in a run, out of a cycle of 8,192. bench/sets.ts puts one of SET4, DIRECT4,
 * SET6, LINES6, SEARCH4, SEARCH6, TRIE4 or TRIE6 and the sizes of the tables in front, and writes the tables.
 */
#include <pktc/context.h>

#define KEYS 8192
#define KEYS_A_RUN 64

struct key {
	__u64 high;	/* an IPv4 address is the low half */
	__u64 low;
};

static const volatile struct key keys[KEYS];
static const volatile __u8 expected[KEYS];
static const volatile __u32 always_zero;
/* Where the next run goes on. */
__u32 next;
__u64 sink;

#if defined(TRIE4) || defined(TRIE6)
struct prefix {
	__u32 length;
	__be32 address[PREFIX_WORDS];
};
struct {
	__uint(type, 11);	/* BPF_MAP_TYPE_LPM_TRIE */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PREFIXES);
	__type(key, struct prefix);
	__type(value, __u8);
} prefixes SEC(".maps");
#elif defined(SET4)
#include <pktc/set.h>
#elif defined(DIRECT4)
#include <pktc/set_direct.h>
#elif defined(SET6)
#include <pktc/set6.h>
#elif defined(LINES6)
#include <pktc/set_lines.h>
#else
#include <pktc/sorted_search.h>
#endif

static __always_inline __u32 is_in(__u64 high, __u64 low)
{
	(void)high;
#if defined(SET4)
	return pktc_in_set(low, 0);
#elif defined(DIRECT4)
	return pktc_in_direct(low, 0);
#elif defined(SET6)
	return pktc_in_set6(high, low, 0);
#elif defined(LINES6)
	return pktc_in_lines(high, low, 0);
#elif defined(SEARCH4)
	return pktc_search(low, 0, RANGES);
#elif defined(SEARCH6)
	return pktc_search6(high, low, 0, RANGES);
#elif defined(TRIE4)
	struct prefix prefix = { 32, { pktc_ntoh32((__u32)low) } };

	return bpf_map_lookup_elem(&prefixes, &prefix) != NULL;
#else
	struct prefix prefix = { 128, { pktc_ntoh32((__u32)(high >> 32)), pktc_ntoh32((__u32)high),
					pktc_ntoh32((__u32)(low >> 32)), pktc_ntoh32((__u32)low) } };

	return bpf_map_lookup_elem(&prefixes, &prefix) != NULL;
#endif
}

/* @param looks: 0, only reads the addresses. @param chained: no lookup begins before the one ahead of it has ended */
static __always_inline __u32 run(bool looks, bool chained, bool checks)
{
	__u32 start = next, zero = always_zero, wrong = 0, at, i;
	__u64 sum = 0;

	next = start + KEYS_A_RUN;
	for (i = 0; i < KEYS_A_RUN; i++) {
		/* By way of memory: the verifier would keep every path to a sum apart. */
		at = start + i + (chained ? (__u32)pktc_read(sink) & zero : 0);
		pktc_opaque(at);
		at &= KEYS - 1;
		__u64 high = keys[at].high, low = keys[at].low;
		__u32 found = looks ? is_in(high, low) : (__u32)(high ^ low);

		if (checks && found != expected[at])
			wrong++;
		if (chained)
			*(volatile __u64 *)&sink = found;
		sum += found;
	}
	sink += sum;
	return wrong;
}

SEC("xdp") int measure_floor(struct xdp_md *ctx)
{
	(void)ctx;
	return run(false, true, false);
}

SEC("xdp") int measure_many(struct xdp_md *ctx)
{
	(void)ctx;
	return run(true, false, false);
}

SEC("xdp") int measure_one(struct xdp_md *ctx)
{
	(void)ctx;
	return run(true, true, false);
}

/* @returns how many of 64 are wrong */
SEC("xdp") int check(struct xdp_md *ctx)
{
	(void)ctx;
	return run(true, false, true);
}

char pktc_license[] SEC("license") = "GPL";
