/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What was decided for the last packets of this CPU: the next one of a flow costs one
 * read. Only for rules that the key alone decides; new data has a new generation, and
 * what older data said is not found any more.
 */
#ifndef PKTC_FLOW_CACHE_H
#define PKTC_FLOW_CACHE_H

#include <pktc/data.h>
#include <pktc/records.h>

/* Lines of each CPU, powers of two, 65,536 at most; 0: no rule is about such packets. */
#ifndef PKTC_FLOW_LINES4
#define PKTC_FLOW_LINES4 32768
#define PKTC_FLOW_LINES6 32768
#endif

/*
 * In what a line keeps: not a decision but an entry, whose rule has more to do. PKTC_TREE_UNSURE
 * has it, too: which entry it is the quick walk could not say.
 */
#define PKTC_FLOW_ENTRY 0x80000000U

/* The scalars and flags of a key, four to a word; plain packets (plain.h) have a word for them in any case. */
#define PKTC_FLOW_SMALL (PKTC_KEY_USED - PKTC_KEY_SCALARS)
#define PKTC_FLOW_SMALL_WORDS ((PKTC_FLOW_SMALL + 3 + !PKTC_FLOW_SMALL) / 4)

/* Addresses, in one word where they are not of IPv6, the small words, and which set of which generation. */
#define PKTC_FLOW_WORDS4 (1 + PKTC_FLOW_SMALL_WORDS + 1)
#define PKTC_FLOW_WORDS6 (4 + PKTC_FLOW_SMALL_WORDS + 1)

/*
 * A program at a hook that interrupts itself may leave a line of which some words are its
 * own and some the interrupted one's. What was decided, behind the key, is therefore one word
 * together with the hash of the key that it was decided for: never 0, as in a line never written.
 */
struct pktc_flow_line4 {
	__u64 at[PKTC_FLOW_WORDS4 + 1];
} __attribute__((aligned(32)));

struct pktc_flow_line6 {
	__u64 at[PKTC_FLOW_WORDS6 + 1];
} __attribute__((aligned(64)));

/*
 * A flow has two pairs of lines to lie in, each where another part of its hash says, so that
 * flows that fall on one place do not drive each other out.
 */
#define PKTC_FLOW_WAYS 2
#define PKTC_FLOW_PLACES 2
#define PKTC_FLOW_PAIRS4 (PKTC_FLOW_LINES4 / PKTC_FLOW_WAYS)
#define PKTC_FLOW_PAIRS6 (PKTC_FLOW_LINES6 / PKTC_FLOW_WAYS)

/* What one CPU has: nothing that the one kind of lines holds can be taken for the other kind. */
struct pktc_flow_lines {
	struct pktc_flow_line6 ipv6[PKTC_FLOW_LINES6];
	struct pktc_flow_line4 ipv4[PKTC_FLOW_LINES4];
	__u32 missed; /* packets of this round since one of a known flow, but for those that there was room for */
} __attribute__((aligned(64)));

/*
 * One array for all CPUs, of which the loader makes as many as there are: an array for
 * each would take a table of pointers, and so a second line of memory, to get to a line.
 * Mapped, so that lines begin where the processor's do. A packet asks for all that its
 * CPU has, ahead of all else: from there on a line is arithmetic.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_flow_lines);
} pktc_flows SEC(".maps");

/* Of this CPU; NULL is for the verifier alone. */
static __always_inline struct pktc_flow_lines *pktc_flow_lines(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&pktc_flows, &cpu);
}

/*
 * A flood of new flows would pay for being looked up in vain, and for lines that nobody asks for, and would drive out those that
 * somebody does. So when so many in a row were missed, packets have nothing to do with lines until as many have come as a
 * round has; and so in each round, until a flow is known again.
 */
#define PKTC_FLOW_TRIES 16
#define PKTC_FLOW_ROUND 1024

static __always_inline bool pktc_flow_flooded(const struct pktc_flow_lines *lines)
{
	return unlikely(pktc_read(lines->missed) >= PKTC_FLOW_TRIES);
}

static __always_inline void pktc_flow_known(struct pktc_flow_lines *lines)
{
	pktc_write(lines->missed, 0);
}

static __always_inline void pktc_flow_missed(struct pktc_flow_lines *lines)
{
	pktc_write(lines->missed, (lines->missed + 1) % PKTC_FLOW_ROUND);
}

/* What a line knows a packet by: its key, or bytes of its headers. */
struct pktc_flow {
	__u64 at[PKTC_FLOW_WORDS6];
};

static __always_inline __u32 pktc_flow_words(const bool six)
{
	return six ? PKTC_FLOW_WORDS6 : PKTC_FLOW_WORDS4;
}

static __always_inline void pktc_flow_fill(struct pktc_flow *flow, const bool six, const __u8 *data,
					   const struct pktc_key *key, __u32 set)
{
	const struct pktc_data_head *head = (const void *)data;
	const __u32 words = pktc_flow_words(six), small = words - 1 - PKTC_FLOW_SMALL_WORDS;
	__u32 i;

	flow->at[0] = key->at[PKTC_KEY_SRC] << 32 | key->at[PKTC_KEY_DST];
	if (six) {
#pragma unroll
		for (i = 0; i < PKTC_KEY_SCALARS; i++)
			flow->at[i] = key->at[i];
	}
#pragma unroll
	for (i = small; i < words; i++)
		flow->at[i] = 0;
#pragma unroll
	for (i = 0; i < PKTC_FLOW_SMALL; i++)
		flow->at[small + i / 4] |= key->at[PKTC_KEY_SCALARS + i] << 16 * (i % 4);
	flow->at[words - 1] = (__u64)head->generation << 32 | set;
}

/* A polynomial with the words for coefficients. What its upper half says depends on every bit, on the lower ones of a word more. */
static __always_inline __u64 pktc_flow_hash(const struct pktc_flow *flow, const bool six)
{
	const __u64 phi = 0x9e3779b97f4a7c15ULL;
	__u64 hash = 0;
	__u32 i;

#pragma unroll
	for (i = 0; i < pktc_flow_words(six); i++)
		hash = hash * phi + flow->at[i];
	return hash;
}

/* NULL: such packets have no lines. */
static __always_inline __u64 *pktc_flow_pair(struct pktc_flow_lines *lines, __u64 hash,
					     const bool six, const __u32 place)
{
	__u32 index = (__u16)(hash >> (48 - 16 * place));

	if (six ? !PKTC_FLOW_PAIRS6 : !PKTC_FLOW_PAIRS4)
		return NULL;
	return six ? lines->ipv6[(index & (PKTC_FLOW_PAIRS6 - 1)) * PKTC_FLOW_WAYS].at :
		     lines->ipv4[(index & (PKTC_FLOW_PAIRS4 - 1)) * PKTC_FLOW_WAYS].at;
}

/* Words from the one line of a pair to the other. */
static __always_inline __u32 pktc_flow_stride(const bool six)
{
	return (six ? sizeof(struct pktc_flow_line6) : sizeof(struct pktc_flow_line4)) / sizeof(__u64);
}

/* What stands above what was decided: never 0. */
static __always_inline __u32 pktc_flow_tag(__u64 hash)
{
	return (__u32)(hash >> 16) | 1;
}

/* Whether a flow lies in a pair, and what was decided for it. */
static __always_inline bool pktc_flow_lies_in(const __u64 *line, const bool six,
					      const struct pktc_flow *flow, __u32 tag, __u32 *decided)
{
	const __u32 words = pktc_flow_words(six);
	__u64 kept, second, other = 0;
	__u32 i;

	/* Which of the two it is nobody can foretell: a sign instead of a branch, of which clang would make one. */
	second = -(__u64)(__u32)(pktc_read(line[words]) >> 32 ^ tag);
	pktc_opaque(second);
	line += (second >> 63) * pktc_flow_stride(six);
	kept = pktc_read(line[words]);
#pragma unroll
	for (i = 0; i < words; i++)
		other |= pktc_read(line[i]) ^ flow->at[i];
	*decided = kept;
	return !(other | (kept >> 32 ^ tag));
}

static __always_inline bool pktc_flow_found(struct pktc_flow_lines *lines, const bool six,
					    const struct pktc_flow *flow, __u32 *decided)
{
	__u64 hash = pktc_flow_hash(flow, six);
	const __u64 *line;
	__u32 place;

#pragma unroll
	for (place = 0; place < PKTC_FLOW_PLACES; place++) {
		line = pktc_flow_pair(lines, hash, six, place);
		if (!line)
			return false;
		if (pktc_flow_lies_in(line, six, flow, pktc_flow_tag(hash), decided))
			return true;
	}
	return false;
}

/*
 * The same value, of which the verifier no longer knows what it was made of. A distance within a line's value that comes out of
 * a key would make it tell apart all packets whose keys it knows a part of, their protocol say, and follow each through the trees.
 */
static __always_inline __u64 pktc_flow_unlinked(const __u8 *data, __u64 value)
{
	const struct pktc_data_head *head = (const void *)data;
	volatile __u64 kept[2];

	kept[0] = value;
	kept[1] = value;
	/* The first: which one is read, it does not know. */
	return kept[(head->magic - PKTC_DATA_MAGIC) & 1];
}

/* Whether both lines of a pair were written for these data: the second is written after the first. */
static __always_inline bool pktc_flow_full(const __u64 *line, const bool six, const struct pktc_flow *flow)
{
	const __u32 last = pktc_flow_words(six) - 1;

	return pktc_read(line[pktc_flow_stride(six) + last]) >> 32 == flow->at[last] >> 32;
}

/*
 * Where there is room, or else in either of the two. The newest of a pair is first, and what was first is second. Returns
 * whether there was none.
 */
static __always_inline bool pktc_flow_store(struct pktc_flow_lines *lines, const bool six,
					    const __u8 *data, const struct pktc_flow *flow, __u32 decided)
{
	const __u32 words = pktc_flow_words(six), stride = pktc_flow_stride(six);
	__u64 hash = pktc_flow_unlinked(data, pktc_flow_hash(flow, six)), *line, *second;
	bool full = false;
	__u32 i;

	line = pktc_flow_pair(lines, hash, six, 0);
	second = pktc_flow_pair(lines, hash, six, 1);
	if (!line || !second)
		return false;
	if (pktc_flow_full(line, six, flow)) {
		full = pktc_flow_full(second, six, flow);
		if (!full || bpf_get_prandom_u32() & 1)
			line = second;
	}
#pragma unroll
	for (i = 0; i <= words; i++)
		line[stride + i] = pktc_read(line[i]);
#pragma unroll
	for (i = 0; i < words; i++)
		line[i] = flow->at[i];
	*(volatile __u64 *)&line[words] = (__u64)pktc_flow_tag(hash) << 32 | decided;
	return full;
}

/*
 * True: `decided` is what was kept for this key. `six`: the key has addresses of IPv6, which the quick walk knows on each of its
 * ways, so that none has to find it out.
 */
static __always_inline bool pktc_flow_find(struct pktc_flow_lines *lines, const __u8 *data,
					   const struct pktc_key *key, const bool six, __u32 set,
					   __u32 *decided)
{
	struct pktc_flow flow;

	if (six) {
		pktc_flow_fill(&flow, true, data, key, set);
		return pktc_flow_found(lines, true, &flow, decided);
	}
	pktc_flow_fill(&flow, false, data, key, set);
	return pktc_flow_found(lines, false, &flow, decided);
}

#endif /* PKTC_FLOW_CACHE_H */
