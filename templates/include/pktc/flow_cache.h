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

/* Bits beside the addresses, and where those of scalars and flags begin; the first eight are which set. Here as for records.h. */
#ifndef PKTC_FLOW_BITS
#define PKTC_FLOW_BITS 64
#define PKTC_FLOW_SHIFTS { 32, 48, 8, 16 }
#endif

/*
 * In what a line keeps: not a decision but an entry, whose rule has more to do. PKTC_TREE_UNSURE
 * has it, too: which entry it is the quick walk could not say.
 */
#define PKTC_FLOW_ENTRY 0x80000000U

/* What a flow is known by: its addresses and these bits, of which the first 64 have room beside two addresses of IPv4. */
#define PKTC_FLOW_SMALL (PKTC_KEY_USED - PKTC_KEY_SCALARS)
#define PKTC_FLOW_SMALL_WORDS ((PKTC_FLOW_BITS + 63) / 64)
#define PKTC_FLOW_WORDS4 (1 + PKTC_FLOW_SMALL_WORDS)
#define PKTC_FLOW_WORDS6 (4 + PKTC_FLOW_SMALL_WORDS)

/*
 * Behind what a flow is known by, a line has what was decided, and what of the flow is not counted yet.
 * A program at a hook that interrupts itself may leave a line of which some words are its
 * own and some the interrupted one's. What was decided is therefore one word together with
 * the hash of the flow that it was decided for.
 */
#define PKTC_FLOW_DECIDED(six) pktc_flow_words(six)
#define PKTC_FLOW_COUNT(six) (pktc_flow_words(six) + 1)

struct pktc_flow_line4 {
	__u64 at[PKTC_FLOW_WORDS4 + 2];
} __attribute__((aligned(32)));

struct pktc_flow_line6 {
	__u64 at[PKTC_FLOW_WORDS6 + 2];
} __attribute__((aligned(64)));

/*
 * A flow has two pairs of lines to lie in, each where another part of its hash says, so that
 * flows that fall on one place do not drive each other out.
 */
#define PKTC_FLOW_WAYS 2
#define PKTC_FLOW_PLACES 2
#define PKTC_FLOW_PAIRS4 (PKTC_FLOW_LINES4 / PKTC_FLOW_WAYS)
#define PKTC_FLOW_PAIRS6 (PKTC_FLOW_LINES6 / PKTC_FLOW_WAYS)

/*
 * Plain packets (plain.h) of a flow that is known are counted in its line, which is read in any case: packets above bytes. Their
 * rule's counter gets them when another flow takes the line, or when there are so many that the word has a sign. Who reads
 * the counters adds what lines have: runtime/flow-counts.ts.
 */
#define PKTC_FLOW_PACKET (1ULL << 40)

#ifdef PKTC_PLAIN_PARTS
#define PKTC_FLOW_COUNTS 1
#else
#define PKTC_FLOW_COUNTS 0
#endif

/* What left a line for a counter; 0 where it left one for its neighbour. */
struct pktc_flow_move {
	__u32 line; /* IPv4 behind IPv6; PKTC_FLOW_ANY: it is not said */
	__u32 slot;
	__u64 count;
};
#define PKTC_FLOW_ANY 0xffffffffU
/* A power of two. */
#define PKTC_FLOW_MOVES 1024

/* What one CPU has: nothing that the one kind of lines holds can be taken for the other kind. */
struct pktc_flow_lines {
	__u32 missed; /* packets of this round since one of a known flow, but for those that there was room for */
	__u32 begun; /* moves of counts */
	__u32 moved; /* of these, those that are done; both go round at 2^32 */
	struct pktc_flow_move moves[PKTC_FLOW_MOVES];
	struct pktc_flow_line6 ipv6[PKTC_FLOW_LINES6];
	struct pktc_flow_line4 ipv4[PKTC_FLOW_LINES4];
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
	__u64 hash; /* of its words: PKTC_FLOW_HASH() */
	__u32 salt; /* pktc_flow_salt() */
};

/* Which of these it is. */
enum pktc_flow_kind {
	PKTC_FLOW_UNTAGGED = 0, /* bytes of headers, without a VLAN tag */
	PKTC_FLOW_TAGGED,
	PKTC_FLOW_KEYED,
};

#define PKTC_FLOW_GENERATION_BITS 30

/*
 * Tells flows apart whose words are the same: by what they are made of, and by the generation of the data, but for generations that are a
 * multiple of 2^30 apart. As good as never 0, which a line never written would have: of a generation it is once in 2^32.
 */
static __always_inline __u32 pktc_flow_salt(__u32 generation, enum pktc_flow_kind kind)
{
	return generation ^ (__u32)kind << PKTC_FLOW_GENERATION_BITS;
}

static __always_inline __u32 pktc_flow_words(const bool six)
{
	return six ? PKTC_FLOW_WORDS6 : PKTC_FLOW_WORDS4;
}

/*
 * Begun with 0, and with a word more each time: a polynomial with the words for coefficients. What its upper half says depends on every
 * bit, on the lower ones of a word more.
 */
#define PKTC_FLOW_HASH(hash, word) (((hash) + (word)) * 0x9e3779b97f4a7c15ULL)

/* One after the other: clang would read all words of a packet ahead of the first product, and run out of registers. */
static __always_inline void pktc_flow_add(struct pktc_flow *flow, const __u32 at, __u64 word)
{
	flow->at[at] = word;
	flow->hash = PKTC_FLOW_HASH(flow->hash, word);
	pktc_opaque(flow->hash);
}

static __always_inline void pktc_flow_fill(struct pktc_flow *flow, const bool six, const __u8 *data,
					   const struct pktc_key *key, __u32 set)
{
	const struct pktc_data_head *head = (const void *)data;
	const __u8 shifts[] = PKTC_FLOW_SHIFTS;
	__u64 small[PKTC_FLOW_SMALL_WORDS] = { set };
	__u32 i;

#pragma unroll
	for (i = 0; i < PKTC_FLOW_SMALL; i++)
		small[shifts[i] / 64] |= key->at[PKTC_KEY_SCALARS + i] << shifts[i] % 64;
	flow->hash = 0;
	if (six) {
#pragma unroll
		for (i = 0; i < PKTC_KEY_SCALARS; i++)
			pktc_flow_add(flow, i, key->at[i]);
#pragma unroll
		for (i = 0; i < PKTC_FLOW_SMALL_WORDS; i++)
			pktc_flow_add(flow, 4 + i, small[i]);
	} else {
		pktc_flow_add(flow, 0, key->at[PKTC_KEY_SRC] | small[0] << 32);
		pktc_flow_add(flow, 1, key->at[PKTC_KEY_DST] | small[0] >> 32 << 32);
#pragma unroll
		for (i = 1; i < PKTC_FLOW_SMALL_WORDS; i++)
			pktc_flow_add(flow, 1 + i, small[i]);
	}
	flow->salt = pktc_flow_salt(head->generation, PKTC_FLOW_KEYED);
}

static __always_inline __u32 pktc_flow_index(__u64 hash, const bool six, const __u32 place)
{
	__u32 pairs = six ? PKTC_FLOW_PAIRS6 : PKTC_FLOW_PAIRS4;

	return ((__u16)(hash >> (48 - 16 * place)) & (pairs - 1)) * PKTC_FLOW_WAYS;
}

/* NULL: such packets have no lines. */
static __always_inline __u64 *pktc_flow_pair(struct pktc_flow_lines *lines, __u64 hash,
					     const bool six, const __u32 place)
{
	if (six ? !PKTC_FLOW_PAIRS6 : !PKTC_FLOW_PAIRS4)
		return NULL;
	return six ? lines->ipv6[pktc_flow_index(hash, true, place)].at :
		     lines->ipv4[pktc_flow_index(hash, false, place)].at;
}

/* Words from the one line of a pair to the other. */
static __always_inline __u32 pktc_flow_stride(const bool six)
{
	return (six ? sizeof(struct pktc_flow_line6) : sizeof(struct pktc_flow_line4)) / sizeof(__u64);
}

/* What stands above what was decided. */
static __always_inline __u32 pktc_flow_tag(__u64 hash, __u32 salt)
{
	return (__u32)(hash >> 32) ^ salt;
}

/* The line of a pair in which a flow lies, and what was decided for it; NULL: in none. */
static __always_inline __u64 *pktc_flow_lies_in(__u64 *line, const bool six,
						const struct pktc_flow *flow, __u32 tag, __u32 *decided)
{
	const __u32 words = pktc_flow_words(six);
	__u64 kept, second, other;
	__u32 i;

	/* Which of the two it is nobody can foretell: a sign instead of a branch, of which clang would make one. */
	second = -(__u64)(__u32)(pktc_read(line[words]) >> 32 ^ tag);
	pktc_opaque(second);
	line += (second >> 63) * pktc_flow_stride(six);
	kept = pktc_read(line[PKTC_FLOW_DECIDED(six)]);
	*decided = kept;
	other = kept >> 32 ^ tag;
#pragma unroll
	for (i = 0; i < words; i++)
		other |= pktc_read(line[i]) ^ flow->at[i];
	return other ? NULL : line;
}

/* The line of a flow, and what was decided for it; NULL: it is not known. */
static __always_inline __u64 *pktc_flow_found(struct pktc_flow_lines *lines, const bool six,
					      const struct pktc_flow *flow, __u32 *decided)
{
	__u64 *line;
	__u32 place;

#pragma unroll
	for (place = 0; place < PKTC_FLOW_PLACES; place++) {
		line = pktc_flow_pair(lines, flow->hash, six, place);
		if (!line)
			return NULL;
		line = pktc_flow_lies_in(line, six, flow, pktc_flow_tag(flow->hash, flow->salt), decided);
		if (line)
			return line;
	}
	return NULL;
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
	const __u64 *second = line + pktc_flow_stride(six);
	__u32 tag = second[PKTC_FLOW_DECIDED(six)] >> 32, salt;
	__u64 hash = 0;
	__u32 i;

#pragma unroll
	for (i = 0; i < pktc_flow_words(six); i++)
		hash = PKTC_FLOW_HASH(hash, second[i]);
	/* What it was made with, generation and kind. */
	salt = pktc_flow_tag(hash, tag);
	return !((salt ^ flow->salt) << (32 - PKTC_FLOW_GENERATION_BITS));
}

/* What a line has counted goes to its rule's counter; behind it pktc_flow_moved(). */
#if PKTC_FLOW_COUNTS
static __noinline __returns int pktc_flow_move(struct pktc_flow_lines *lines, __u32 line, __u32 decided, __u64 count)
{
	struct pktc_flow_move *move;

	if (!lines)
		return 0;
	move = &lines->moves[lines->moved % PKTC_FLOW_MOVES];
	pktc_write(lines->begun, lines->moved + 1);
	pktc_write(move->line, line);
	pktc_write(move->slot, pktc_decision_rule(decided));
	pktc_write(move->count, count);
	pktc_count_some(pktc_slot(move->slot), count / PKTC_FLOW_PACKET, count % PKTC_FLOW_PACKET);
	return 0;
}
#endif

static __always_inline void pktc_flow_moved(struct pktc_flow_lines *lines)
{
	pktc_write(lines->moved, lines->begun);
}

/* Ahead of the first line of a pair taking the place of the second, which is the `at`th of its family. Returns whether one of them has counted. */
static __always_inline bool pktc_flow_leaves(struct pktc_flow_lines *lines, const bool six, const __u64 *first, __u32 at)
{
#if PKTC_FLOW_COUNTS
	const __u64 *second = first + pktc_flow_stride(six);
	__u64 count = second[PKTC_FLOW_COUNT(six)];

	if (!(count | first[PKTC_FLOW_COUNT(six)]))
		return false;
	pktc_flow_move(lines, at + (six ? 0 : PKTC_FLOW_LINES6), second[PKTC_FLOW_DECIDED(six)], count);
	return true;
#else
	(void)lines, (void)six, (void)first, (void)at;
	return false;
#endif
}

/*
 * Where there is room, or else in either of the two. The newest of a pair is first, and what was first is second. Returns
 * whether there was none.
 */
static __always_inline bool pktc_flow_store(struct pktc_flow_lines *lines, const bool six,
					    const __u8 *data, const struct pktc_flow *flow, __u32 decided)
{
	const __u32 words = pktc_flow_words(six), stride = pktc_flow_stride(six);
	__u64 hash = pktc_flow_unlinked(data, flow->hash), *line, *second;
	__u32 at = pktc_flow_index(hash, six, 0), i;
	bool full = false, moves;

	line = pktc_flow_pair(lines, hash, six, 0);
	second = pktc_flow_pair(lines, hash, six, 1);
	if (!line || !second)
		return false;
	if (pktc_flow_full(line, six, flow)) {
		full = pktc_flow_full(second, six, flow);
		if (!full || bpf_get_prandom_u32() & 1) {
			line = second;
			at = pktc_flow_index(hash, six, 1);
		}
	}
	second = line + stride;
	moves = pktc_flow_leaves(lines, six, line, at + 1);
#pragma unroll
	for (i = 0; i < words + 2; i++)
		second[i] = pktc_read(line[i]);
#pragma unroll
	for (i = 0; i < words; i++)
		line[i] = flow->at[i];
	pktc_write(line[PKTC_FLOW_DECIDED(six)], (__u64)pktc_flow_tag(hash, flow->salt) << 32 | decided);
	pktc_write(line[PKTC_FLOW_COUNT(six)], 0);
	if (moves)
		pktc_flow_moved(lines);
	return full;
}

/*
 * Whether something was kept for a key, and what. `six`: the key has addresses of IPv6, which the quick walk knows on each of its
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
