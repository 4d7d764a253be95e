/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every pattern that the rules look for in payloads, in one pass: the automaton of Aho
 * and Corasick as a table, which takes a byte at a time and knows all patterns that end
 * with it. The payload is copied first: only a copy has what lies in fragments.
 */
#ifndef PKTC_PAYLOAD_SEARCH_H
#define PKTC_PAYLOAD_SEARCH_H

#include <pktc/compare.h>
#include <pktc/context.h>
#include <pktc/fields.h>

/* Sizes of the automaton. The table has a power of two of bytes. */
#ifndef PKTC_PATTERN_TABLE_BYTES
#define PKTC_PATTERN_TABLE_BYTES 64
#define PKTC_PATTERN_FINDS 1
#define PKTC_PATTERN_BOUNDS 1
#endif

/* Bytes searched at most: PAYLOAD_SEARCH_BYTES_MAX in grammar/fields/payload.ts. A power of two. */
#define PKTC_SEARCH_BYTES_MAX 16384

/* What a cursor takes in a turn. */
#define PKTC_BLOCK_BYTES 8

/*
 * Searches that can be under way on a CPU. At most hooks a program is not interrupted by
 * itself; at a cgroup it can be, by a softirq and by other tasks.
 */
#define PKTC_SEARCHES 4

/* In an entry of the table: patterns end here. */
#define PKTC_PATTERN_END (1U << 31)

/* What has been found in a state: bits of one word of pktc_fields.payload_found. */
struct pktc_find {
	__u64 bits;
	__u32 word;
	__u32 more; /* 1: the next element belongs to the same state */
};

/*
 * The automaton. A row of the table is a state: where each class of bytes leads and, last,
 * the first of its finds. A state is the offset of its row in bytes.
 */
struct pktc_patterns {
	__u64 all;	/* the first word of pktc_fields.payload_found when nothing is left to find */
	__u32 depth;	/* bytes of the payload that any rule looks at */
	__u32 shortest; /* bytes of the shortest pattern */
	__u32 overlap;	/* bytes of the longest pattern, less one */
	__u32 four;	/* from so many bytes on, four cursors are faster than one */
	__u32 finds_at; /* where a row has the first of its finds, in bytes */
	__u16 classes[256]; /* where a row has each byte, in bytes */
	__u16 bounds[PKTC_PATTERN_BOUNDS]; /* the first bit that counts, by where a match ends */
	struct pktc_find finds[PKTC_PATTERN_FINDS];
	__u32 table[PKTC_PATTERN_TABLE_BYTES / 4];
};

/* The values are written into the object file. */
static const volatile struct pktc_patterns pktc_patterns;

struct pktc_search_memory {
	__u64 taken; /* 1: a search is under way in it */
	__u8 bytes[PKTC_SEARCH_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PKTC_SEARCHES);
	__type(key, __u32);
	__type(value, struct pktc_search_memory);
} pktc_searches SEC(".maps");

/* A search. Cursor number i begins at i * stride; states[i] is where it stands now. */
struct pktc_search_state {
	struct pktc_search_memory *memory;
	struct pktc_fields *f;
	__u32 states[4];
	__u32 stride;
	__u32 end; /* a match that ends behind it is none */
};

/* A block's place in the copy. Behind the copy's end it wraps round, to bytes of which no match counts. */
static __always_inline __u32 pktc_block(__u32 at)
{
	return at & (PKTC_SEARCH_BYTES_MAX - PKTC_BLOCK_BYTES);
}

static __always_inline __u32 pktc_table(__u32 offset)
{
	const volatile __u8 *table = (const volatile __u8 *)pktc_patterns.table;

	/* The mask keeps inside the table, and takes PKTC_PATTERN_END away. */
	return *(const volatile __u32 *)(table + (offset & (PKTC_PATTERN_TABLE_BYTES - 4)));
}

static __always_inline __u32 pktc_step(__u32 state, __u8 byte)
{
	return pktc_table(state + pktc_patterns.classes[byte]);
}

/* Whether what this state stands for has been found before; false also where that takes longer to see. */
static __always_inline bool pktc_is_known(const struct pktc_fields *f, __u32 state)
{
	__u32 at = pktc_table(state + pktc_patterns.finds_at);
	__u32 word;

	if (at >= PKTC_PATTERN_FINDS)
		return false;
	word = pktc_patterns.finds[at].word;
	return !pktc_patterns.finds[at].more && word < PKTC_FOUND_WORDS &&
	       !(pktc_patterns.finds[at].bits & ~f->payload_found[word]);
}

/*
 * Notes what has been found with the byte ahead of `end`. A global function, as the next
 * one: it is checked once and not for each way to it.
 */
__noinline int pktc_note(struct pktc_fields *f, __u32 state, __u32 end)
{
	__u32 bound, at, left, word;
	__u64 bits;

	if (!f)
		return 0;
	bound = pktc_patterns.bounds[end < PKTC_PATTERN_BOUNDS ? end : PKTC_PATTERN_BOUNDS - 1];
	at = pktc_table(state + pktc_patterns.finds_at);
	for (left = PKTC_FOUND_WORDS; left > 0; left--, at++) {
		pktc_opaque(at);
		if (at >= PKTC_PATTERN_FINDS)
			return 0;
		word = pktc_patterns.finds[at].word;
		bits = pktc_patterns.finds[at].bits;
		if (word >= PKTC_FOUND_WORDS)
			return 0;
		/* Bits are in the order of `within`: the first ones want a match that ends earlier. */
		if (bound >= (word + 1) * 64)
			bits = 0;
		else if (bound > word * 64)
			bits &= ~0ULL << (bound & 63);
		f->payload_found[word] |= bits;
		if (!pktc_patterns.finds[at].more)
			break;
	}
	return 0;
}

/* Goes again through a block in which patterns end. Returns 1 when nothing is left to find. */
__noinline int pktc_note_block(struct pktc_search_memory *memory, struct pktc_fields *f, __u32 at,
			       __u32 state, __u32 end)
{
	const __u8 *block;
	__u32 i;

	if (!memory || !f)
		return 0;
	block = memory->bytes + pktc_block(at);
	for (i = 0; i < PKTC_BLOCK_BYTES; i++) {
		state = pktc_step(state, block[i]);
		if (state & PKTC_PATTERN_END && at + i < end && !pktc_is_known(f, state))
			pktc_note(f, state, at + i + 1);
	}
	return PKTC_FOUND_WORDS == 1 && f->payload_found[0] == pktc_patterns.all;
}

static __always_inline int pktc_note_cursor(const struct pktc_search_state *search, __u32 at,
					    __u32 cursor)
{
	return pktc_note_block(search->memory, search->f, at, search->states[cursor], search->end);
}

/* A block with one cursor. That a pattern ends in it is rare, and looked at when the block is done. */
static long pktc_turn(__u32 turn, void *ctx)
{
	struct pktc_search_state *search = ctx;
	__u32 at = turn * PKTC_BLOCK_BYTES, state = search->states[0], seen = 0, i;
	const __u8 *block = search->memory->bytes + pktc_block(at);

#pragma unroll
	for (i = 0; i < PKTC_BLOCK_BYTES; i++) {
		state = pktc_step(state, block[i]);
		seen |= state;
	}
	if (unlikely(seen & PKTC_PATTERN_END) && pktc_note_cursor(search, at, 0))
		return 1;
	search->states[0] = state;
	return 0;
}

/* Four blocks. A cursor waits for one entry of the table after another: four wait at the same time. */
static long pktc_turn_of_four(__u32 turn, void *ctx)
{
	struct pktc_search_state *search = ctx;
	const __u8 *bytes = search->memory->bytes;
	__u32 a = search->states[0], b = search->states[1], c = search->states[2],
	      d = search->states[3];
	__u32 at = turn * PKTC_BLOCK_BYTES, stride = search->stride, seen = 0, i;
	const __u8 *in_a = bytes + pktc_block(at);
	const __u8 *in_b = bytes + pktc_block(at + stride);
	const __u8 *in_c = bytes + pktc_block(at + 2 * stride);
	const __u8 *in_d = bytes + pktc_block(at + 3 * stride);

#pragma unroll
	for (i = 0; i < PKTC_BLOCK_BYTES; i++) {
		a = pktc_step(a, in_a[i]);
		b = pktc_step(b, in_b[i]);
		c = pktc_step(c, in_c[i]);
		d = pktc_step(d, in_d[i]);
		seen |= a | b | c | d;
	}
	if (unlikely(seen & PKTC_PATTERN_END) &&
	    (pktc_note_cursor(search, at, 0) || pktc_note_cursor(search, at + stride, 1) ||
	     pktc_note_cursor(search, at + 2 * stride, 2) ||
	     pktc_note_cursor(search, at + 3 * stride, 3)))
		return 1;
	search->states[0] = a;
	search->states[1] = b;
	search->states[2] = c;
	search->states[3] = d;
	return 0;
}

static __always_inline void pktc_search_bytes(struct pktc_search_memory *memory,
					      struct pktc_fields *f, __u32 size)
{
	struct pktc_search_state search = { .memory = memory, .f = f, .end = size };
	__u32 turns = (size + PKTC_BLOCK_BYTES - 1) / PKTC_BLOCK_BYTES;

	if (size < pktc_patterns.four) {
		bpf_loop(turns, pktc_turn, &search, 0);
		return;
	}
	turns = (turns + 3) / 4;
	search.stride = turns * PKTC_BLOCK_BYTES;
	/* Each cursor goes on behind its quarter, to the end of what can have begun in it. */
	turns += (pktc_patterns.overlap + PKTC_BLOCK_BYTES - 1) / PKTC_BLOCK_BYTES;
	bpf_loop(turns, pktc_turn_of_four, &search, 0);
}

/* Searches the payload for all patterns of the program. */
__noinline int pktc_search_payload(struct pktc_ctx *ctx, struct pktc_fields *f)
{
	struct pktc_search_memory *memory;
	__u32 size, last, i, key;

	if (!f)
		return 0;
	pktc_keep(ctx);
	f->payload_found[0] |= 1;
	size = f->payload_len < pktc_patterns.depth ? f->payload_len : pktc_patterns.depth;
	last = pktc_last(size);
	if (size < pktc_patterns.shortest || last >= PKTC_SEARCH_BYTES_MAX)
		return 0;
	for (i = 0; i < PKTC_SEARCHES; i++) {
		key = i;
		memory = bpf_map_lookup_elem(&pktc_searches, &key);
		if (!memory || __sync_val_compare_and_swap(&memory->taken, 0, 1))
			continue;
		if (!pktc_load_bytes(ctx, f->payload_off, memory->bytes, last + 1))
			pktc_search_bytes(memory, f, last + 1);
		*(volatile __u64 *)&memory->taken = 0;
		return 0;
	}
	return 0;
}

/* Whether the search with this bit has found something. The first rule that asks has the payload searched. */
static __always_inline bool pktc_payload_contains(struct pktc_ctx *ctx, struct pktc_fields *f,
						  __u32 bit)
{
	if (!(pktc_read(f->payload_found[0]) & 1))
		pktc_search_payload(ctx, f);
	return pktc_read(f->payload_found[bit / 64]) >> (bit % 64) & 1;
}

#endif /* PKTC_PAYLOAD_SEARCH_H */
