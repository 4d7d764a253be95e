/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What was decided for the last packets of this CPU: the next one of a flow costs one
 * read. Only for rules that the key alone decides; new data has a new generation, and
 * what older data said is not found any more.
 */
#ifndef PKTC_FLOW_CACHE_H
#define PKTC_FLOW_CACHE_H

#include <pktc/tree.h>

/* Lines of each CPU, a power of two, 65,536 at most. */
#ifndef PKTC_FLOW_LINES
#define PKTC_FLOW_LINES 65536
#endif

/* Addresses, the scalars and flags four to a word, and which set of which generation. */
#define PKTC_FLOW_SMALL (PKTC_KEY_USED - PKTC_KEY_SCALARS)
#define PKTC_FLOW_WORDS (PKTC_KEY_SCALARS + (PKTC_FLOW_SMALL + 3) / 4 + 1)

struct pktc_flow_key {
	__u64 at[PKTC_FLOW_WORDS];
};

/*
 * A program at a hook that interrupts itself may leave a line of which some words are its
 * own and some the interrupted one's. What was decided is therefore one word together
 * with the hash of the key that it was decided for: never 0, as in a line never written.
 */
struct pktc_flow_line {
	struct pktc_flow_key key;
	__u64 decided;
} __attribute__((aligned(64)));

/*
 * One array for all CPUs, of which the loader makes as many as there are: an array for
 * each would take a table of pointers, and so a second line of memory, to get to a line.
 * Mapped, so that lines begin where the processor's do.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PKTC_FLOW_LINES);
	__type(key, __u32);
	__type(value, struct pktc_flow_line);
} pktc_flows SEC(".maps");

static __always_inline void pktc_flow_key(struct pktc_flow_key *flow, const struct pktc_key *key,
					  __u32 set, __u32 generation)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < PKTC_KEY_SCALARS; i++)
		flow->at[i] = key->at[i];
#pragma unroll
	for (i = PKTC_KEY_SCALARS; i < PKTC_FLOW_WORDS; i++)
		flow->at[i] = 0;
#pragma unroll
	for (i = 0; i < PKTC_FLOW_SMALL; i++)
		flow->at[PKTC_KEY_SCALARS + i / 4] |= key->at[PKTC_KEY_SCALARS + i] << 16 * (i % 4);
	flow->at[PKTC_FLOW_WORDS - 1] = (__u64)generation << 32 | set;
}

/*
 * Multilinear: a word times a constant of its own each, so that no product waits for
 * another. What the upper half says depends on every bit.
 */
static __always_inline __u64 pktc_flow_hash(const struct pktc_flow_key *flow)
{
	const __u64 phi = 0x9e3779b97f4a7c15ULL;
	__u64 hash = 0;
	__u32 i;

#pragma unroll
	for (i = 0; i < PKTC_FLOW_WORDS; i++)
		hash += flow->at[i] * ((phi << 5 * i | phi >> (63 - 5 * i) >> 1) | 1);
	return hash;
}

/* `pktc_tree_first`, or in the quick walk `pktc_tree_look`, where no record has a check. */
static __always_inline __u32 pktc_cached_first(struct pktc_ctx *ctx, struct pktc_fields *f,
					       struct pktc_fields *in, const __u8 *data,
					       const struct pktc_key *key, __u32 set)
{
	const struct pktc_data_head *head = (const void *)data;
	struct pktc_flow_key flow;
	struct pktc_flow_line *line;
	__u32 index, sign, entry, i;
	__u64 hash, decided, other = 0;

	pktc_flow_key(&flow, key, set, head->generation);
	hash = pktc_flow_hash(&flow);
	index = bpf_get_smp_processor_id() * PKTC_FLOW_LINES + (hash >> 48) % PKTC_FLOW_LINES;
	sign = (__u32)(hash >> 16) | 1;
	line = bpf_map_lookup_elem(&pktc_flows, &index);
	/* Cannot be: there are as many lines as the index can name. */
	if (!line)
		return PKTC_NO_ENTRY;
	decided = pktc_read(line->decided);
#pragma unroll
	for (i = 0; i < PKTC_FLOW_WORDS; i++)
		other |= pktc_read(line->key.at[i]) ^ flow.at[i];
	if (!(other | (decided >> 32 ^ sign)))
		return decided;
#ifdef PKTC_WANT_USUAL
	(void)ctx, (void)f, (void)in;
	entry = pktc_tree_look(data, key, set);
	if (unlikely(entry & PKTC_TREE_CHECKED))
		return entry;
#else
	entry = pktc_tree_first(ctx, f, in, data, key, set);
#endif
	line->key = flow;
	*(volatile __u64 *)&line->decided = (__u64)sign << 32 | entry;
	return entry;
}

#endif /* PKTC_FLOW_CACHE_H */
