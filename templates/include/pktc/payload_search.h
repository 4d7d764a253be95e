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

/* Bytes searched at most: PAYLOAD_SEARCH_BYTES_MAX in grammar/fields/payload.ts. */
#define PKTC_SEARCH_BYTES_MAX 16384

/* Bytes of the longest pattern. */
#define PKTC_PATTERN_BYTES_MAX 256

/*
 * A long payload is cut into four parts, each with a cursor of its own that goes on into
 * the next part for as long as something that has begun in its own can reach.
 */
#define PKTC_CURSORS 4
#define PKTC_PART_BYTES (PKTC_SEARCH_BYTES_MAX / PKTC_CURSORS + PKTC_PATTERN_BYTES_MAX)

/* What a cursor takes in a turn. */
#define PKTC_BLOCK_BYTES 8
#define pktc_blocks(bytes) (((bytes) + PKTC_BLOCK_BYTES - 1) / PKTC_BLOCK_BYTES)

/*
 * Searches that can be under way on a CPU. At most hooks a program is not interrupted by
 * itself; at a cgroup it can be, by a softirq and by other tasks. A fifth search inside
 * four others would find nothing.
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
PKTC_TABLE struct pktc_patterns pktc_patterns;

/* A search under way. It does not lie on the stack, of which the rules need much. */
struct pktc_search_memory {
	__u64 taken; /* 1: in use */
	__u32 states[PKTC_CURSORS];
	__u32 stride; /* where in the payload the second part begins; the others are multiples */
	__u32 end;    /* a match that ends behind it is none */
	__u8 parts[PKTC_CURSORS][PKTC_PART_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PKTC_SEARCHES);
	__type(key, __u32);
	__type(value, struct pktc_search_memory);
} pktc_searches SEC(".maps");

/* What each turn of a search gets. */
struct pktc_turns {
	struct pktc_search_memory *memory;
	struct pktc_fields *f;
};

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

/*
 * Notes what has been found with the byte ahead of `end`. A place is made a pointer as
 * soon as it has been checked, and checked where the compiler cannot tell it from others:
 * verifiers such as that of 6.1 forget a bound with a spill or a copy of 32 bits.
 */
static __always_inline void pktc_note(struct pktc_fields *f, __u32 state, __u32 end)
{
	__u32 at = pktc_table(state + pktc_patterns.finds_at), left, word;
	const volatile struct pktc_find *find;
	const volatile __u16 *bound;
	__u64 *found, bits;

	pktc_opaque(end);
	if (end >= PKTC_PATTERN_BOUNDS)
		end = PKTC_PATTERN_BOUNDS - 1;
	bound = &pktc_patterns.bounds[end];
	pktc_opaque(bound);
	for (left = PKTC_FOUND_WORDS; left > 0; left--, at++) {
		pktc_opaque(at);
		if (at >= PKTC_PATTERN_FINDS)
			return;
		find = &pktc_patterns.finds[at];
		pktc_opaque(find);
		word = find->word;
		if (word >= PKTC_FOUND_WORDS)
			return;
		found = &f->payload_found[word];
		pktc_opaque(found);
		bits = find->bits;
		/* Bits are in the order of `within`: the first ones want a match that ends earlier. */
		if (*bound >= (word + 1) * 64)
			bits = 0;
		else if (*bound > word * 64)
			bits &= ~0ULL << (*bound & 63);
		*found |= bits;
		if (!find->more)
			return;
	}
}

/*
 * Goes again through the block of a cursor, in which patterns end. Returns 1 when nothing
 * is left to find. A global function: it is checked once and not for each way to it.
 */
__noinline int pktc_note_block(struct pktc_search_memory *memory, struct pktc_fields *f,
			       __u32 cursor, __u32 turn)
{
	const __u8 *block;
	__u32 state, at, i;

	if (!memory || !f || cursor >= PKTC_CURSORS || turn >= PKTC_PART_BYTES / PKTC_BLOCK_BYTES)
		return 0;
	block = memory->parts[cursor] + turn * PKTC_BLOCK_BYTES;
	state = memory->states[cursor];
	at = cursor * memory->stride + turn * PKTC_BLOCK_BYTES;
	for (i = 0; i < PKTC_BLOCK_BYTES; i++) {
		state = pktc_step(state, block[i]);
		at++;
		if (state & PKTC_PATTERN_END && at <= memory->end)
			pktc_note(f, state, at);
	}
	return PKTC_FOUND_WORDS == 1 && f->payload_found[0] == pktc_patterns.all;
}

/* A block with one cursor. That a pattern ends in it is rare, and looked at when the block is done. */
static long pktc_turn(__u32 turn, void *ctx)
{
	struct pktc_turns *search = ctx;
	struct pktc_search_memory *memory = search->memory;
	__u32 state = memory->states[0], seen = 0, i;
	const __u8 *block;

	if (turn >= PKTC_PART_BYTES / PKTC_BLOCK_BYTES)
		return 1;
	block = memory->parts[0] + turn * PKTC_BLOCK_BYTES;
#pragma unroll
	for (i = 0; i < PKTC_BLOCK_BYTES; i++) {
		state = pktc_step(state, block[i]);
		seen |= state;
	}
	if (unlikely(seen & PKTC_PATTERN_END) && pktc_note_block(memory, search->f, 0, turn))
		return 1;
	memory->states[0] = state;
	return 0;
}

/* Four blocks. A cursor waits for one entry of the table after another: four wait at the same time. */
static long pktc_turn_of_four(__u32 turn, void *ctx)
{
	struct pktc_turns *search = ctx;
	struct pktc_search_memory *memory = search->memory;
	__u32 a = memory->states[0], b = memory->states[1], c = memory->states[2],
	      d = memory->states[3];
	__u32 seen = 0, i;
	const __u8 *block;

	if (turn >= PKTC_PART_BYTES / PKTC_BLOCK_BYTES)
		return 1;
	block = memory->parts[0] + turn * PKTC_BLOCK_BYTES;
#pragma unroll
	for (i = 0; i < PKTC_BLOCK_BYTES; i++) {
		a = pktc_step(a, block[i]);
		seen |= a;
		b = pktc_step(b, block[i + PKTC_PART_BYTES]);
		seen |= b;
		c = pktc_step(c, block[i + 2 * PKTC_PART_BYTES]);
		seen |= c;
		d = pktc_step(d, block[i + 3 * PKTC_PART_BYTES]);
		seen |= d;
	}
	if (unlikely(seen & PKTC_PATTERN_END)) {
		for (i = 0; i < PKTC_CURSORS; i++)
			if (pktc_note_block(memory, search->f, i, turn))
				return 1;
	}
	memory->states[0] = a;
	memory->states[1] = b;
	memory->states[2] = c;
	memory->states[3] = d;
	return 0;
}

/*
 * Copies `size` bytes at `off` in parts that begin `stride` bytes apart, `reach` bytes of
 * each or what there is. Returns 0, or not 0 when bytes are not there. A global function,
 * so that its stack and that of the search are not needed at the same time.
 */
__noinline int pktc_copy_parts(struct pktc_ctx *ctx, struct pktc_search_memory *memory, __u32 off,
			       __u32 size, __u32 reach)
{
	__u32 part, have, last;

	pktc_keep(ctx);
	if (!memory)
		return -1;
	for (part = 0; part < PKTC_CURSORS && size > 0; part++) {
		have = size < reach ? size : reach;
		last = pktc_last(have);
		if (last >= PKTC_PART_BYTES ||
		    pktc_load_bytes(ctx, off, memory->parts[part], last + 1))
			return -1;
		if (size <= memory->stride)
			break;
		off += memory->stride;
		size -= memory->stride;
	}
	return 0;
}

static __always_inline void pktc_search_bytes(struct pktc_ctx *ctx, struct pktc_search_memory *memory,
					      struct pktc_fields *f, __u32 size)
{
	struct pktc_turns search = { memory, f };
	__u32 turns = pktc_blocks(size);

	__builtin_memset(memory->states, 0, sizeof(memory->states));
	memory->end = size;
	memory->stride = size;
	if (size < pktc_patterns.four) {
		if (!pktc_copy_parts(ctx, memory, f->payload_off, size, size))
			bpf_loop(turns, pktc_turn, &search, 0);
		return;
	}
	turns = (turns + PKTC_CURSORS - 1) / PKTC_CURSORS;
	memory->stride = turns * PKTC_BLOCK_BYTES;
	turns += pktc_blocks(pktc_patterns.overlap);
	if (!pktc_copy_parts(ctx, memory, f->payload_off, size, turns * PKTC_BLOCK_BYTES))
		bpf_loop(turns, pktc_turn_of_four, &search, 0);
}

/* Searches the payload for all patterns of the program. */
__noinline int pktc_search_payload(struct pktc_ctx *ctx, struct pktc_fields *f)
{
	struct pktc_search_memory *memory;
	__u32 size, i, key;

	if (!f)
		return 0;
	pktc_keep(ctx);
	f->payload_found[0] |= 1;
	size = f->payload_len < pktc_patterns.depth ? f->payload_len : pktc_patterns.depth;
	if (size < pktc_patterns.shortest)
		return 0;
	for (i = 0; i < PKTC_SEARCHES; i++) {
		key = i;
		memory = bpf_map_lookup_elem(&pktc_searches, &key);
		if (!memory || __sync_val_compare_and_swap(&memory->taken, 0, 1))
			continue;
		pktc_search_bytes(ctx, memory, f, size);
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
