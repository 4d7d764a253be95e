/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Rules as decision trees, which are data: what a packet costs grows with the depth of the
 * trees and not with the number of rules. compiler/4-plan/tree writes them.
 *
 * A set of boxes has up to eight partitions. The descriptor of one says which first bits
 * of the addresses are hashed, and where the buckets lie: each is a node. An inner node
 * looks at one word of the key and goes on to one of its children, which lie side by side.
 * A leaf names records, ascending by entry. Whatever the data holds, it is read inside of
 * its bounds and in a bounded number of steps.
 */
#ifndef PKTC_TREE_H
#define PKTC_TREE_H

#include <pktc/data.h>
#include <pktc/records.h>

/* In `up` of a leaf: a record in front of the others has their number. */
#define PKTC_TREE_LONG 0xff
#define PKTC_TREE_LEAF 0x80
/* Of `pktc_tree_look`; no entry is this. */
#define PKTC_TREE_UNSURE 0xffffffffU
/* Records that one turn of bpf_loop looks at, and BPF_MAX_LOOPS of include/linux/bpf_verifier.h. */
#define PKTC_TREE_STEP 8
#define PKTC_TREE_ROUNDS (8 * 1024 * 1024)

struct pktc_ctx;
struct pktc_fields;

struct pktc_tree_root {
	__u32 next; /* buckets, in units */
	__u32 first; /* lowest number of a rule */
	__u8 src_shift; /* what is left of the address's first word is hashed; shifted twice, */
	__u8 src_more; /* since a shift by 64 is none */
	__u8 dst_shift;
	__u8 dst_more;
	__u32 buckets;
};

/*
 * Inner: the child is (((key >> shift) - from) << up) >> down, in 32 bits: cuts of equal
 * size, one flag, or, with `down` 31, whether the key is below `from`.
 * Leaf: no record matches unless ((key >> shift) - from) >> down is 0.
 */
struct pktc_tree_node {
	__u32 from;
	__u8 at; /* word of the key */
	__u8 shift;
	__u8 up; /* leaf: number of records */
	__u8 down;
	__u32 next; /* children or records, in units */
	__u32 first; /* lowest number of a rule below */
};

/* Records of a leaf that are still to be looked at. */
struct pktc_tree_leaf {
	__u32 at; /* in units; 0: none */
	__u32 left;
};

/* `size` bytes at `offset`; NULL where the data ends before. */
static __always_inline const void *pktc_tree_bytes(const __u8 *data, __u64 offset, __u32 size)
{
	pktc_opaque(offset);
	if (offset > pktc_data_bytes - size)
		return NULL;
	/* The sum stays behind the check, too. */
	pktc_opaque(offset);
	return data + offset;
}

static __always_inline const void *pktc_tree_at(const __u8 *data, __u32 units, __u32 size)
{
	return pktc_tree_bytes(data, (__u64)units * PKTC_UNIT_BYTES, size);
}

/*
 * 0, which the verifier does not know: it then treats ways through a walk alike that end
 * with something and with nothing, where it would follow each way's known values apart.
 */
static __always_inline __u32 pktc_tree_zero(const __u8 *data)
{
	return ((const struct pktc_data_head *)data)->magic - PKTC_DATA_MAGIC;
}

/*
 * Whether a set's records have addresses of IPv6. Where rules with a verdict are about one kind of packets alone, and there are no
 * others, nobody has to ask: neither a packet nor the verifier, which would follow both ways through each record.
 */
static __always_inline __u32 pktc_tree_six(__u32 set)
{
#if defined(PKTC_WANT_FLOW_CACHE) && defined(PKTC_FLOW_LINES4) && !defined(PKTC_WANT_EACH)
	if (!PKTC_FLOW_LINES6)
		return 0;
	if (!PKTC_FLOW_LINES4)
		return 1;
#endif
	return pktc_is_ipv6(set);
}

/*
 * The same in compiler/4-plan/tree/hash-address.ts. `zero`: of pktc_tree_zero. Where a bucket lies the verifier has to
 * know exactly, back to where the addresses were read: from one of two places, it does not know which, they have no past, and
 * packets with and without addresses are the same to it.
 */
static __always_inline __u32 pktc_tree_bucket(const struct pktc_tree_root *root,
					      const struct pktc_key *key, __u32 zero)
{
	const __u64 *at = &key->at[zero & 1];
	__u64 src = (at[PKTC_KEY_SRC] >> (root->src_shift & 63)) >> (root->src_more & 63);
	__u64 dst = (at[PKTC_KEY_DST] >> (root->dst_shift & 63)) >> (root->dst_more & 63);

	return ((src * 0x9e3779b97f4a7c15ULL + dst * 0xc2b2ae3d27d4eb4fULL) >> 32) * root->buckets >> 32;
}

/* Where a packet enters a partition. */
struct pktc_tree_entrance {
	__u32 at; /* node, in units; 0: there is no such partition */
	__u32 first; /* lowest number of a rule */
};

/* Descriptor of a partition; 0: there is none. */
static __always_inline __u32 pktc_tree_root(const __u8 *data, __u32 set, __u32 partition)
{
	__u64 offset = offsetof(struct pktc_data_head, roots) +
		       (set * PKTC_PARTITIONS_MAX + partition) * sizeof(__u32);
	const __u32 *root = pktc_tree_bytes(data, offset, sizeof(*root));

	return root ? *root : 0;
}

static __always_inline struct pktc_tree_entrance
pktc_tree_enter(const __u8 *data, const struct pktc_key *key, __u32 zero, __u32 set, __u32 partition)
{
	__u32 descriptor = pktc_tree_root(data, set, partition);
	const struct pktc_tree_root *root = pktc_tree_at(data, descriptor, sizeof(*root));
	struct pktc_tree_entrance none = { 0, 0 };

	if (!descriptor || !root)
		return none;
	return (struct pktc_tree_entrance){ root->next + pktc_tree_bucket(root, key, zero), root->first };
}

/* The leaf that a packet gets to from a node; none where no rule below number `best` can match. */
static __always_inline struct pktc_tree_leaf
pktc_tree_walk(const __u8 *data, const struct pktc_key *key, __u32 at, __u32 best, __u32 zero)
{
	struct pktc_tree_leaf none = { zero, zero };
	__u32 depth = pktc_tree_depth, i;

	for (i = 0; i < depth; i++) {
		const struct pktc_tree_node *node = pktc_tree_at(data, at, sizeof(*node));
		__u32 value;

		if (!node || node->first >= best)
			return none;
		value = (__u32)(key->at[node->at & (PKTC_KEY_WORDS - 1)] >> (node->shift & 63)) -
			node->from;
		if (node->at & PKTC_TREE_LEAF) {
			struct pktc_tree_leaf leaf = { node->next, node->up };

			return value >> (node->down & 31) ? none : leaf;
		}
		at = node->next + (value << (node->up & 31) >> (node->down & 31));
	}
	return none;
}

/* One record; true: the search ends here, at a match or at what is not below `best`. */
static __always_inline bool pktc_tree_try(const __u8 *data, const struct pktc_key *key, __u32 six,
					  __u32 at, __u32 floor, __u32 best, __u32 *found)
{
	__u32 entry, number;
	bool matches;

	if (six) {
		const struct pktc_record6 *record = pktc_tree_at(data, at, PKTC_RECORD6_BYTES);

		if (!record)
			return true;
		matches = pktc_record6_matches(record, key);
		entry = pktc_read(record->entry);
	} else {
		const struct pktc_record4 *record = pktc_tree_at(data, at, PKTC_RECORD4_BYTES);

		if (!record)
			return true;
		matches = pktc_record4_matches(record, key);
		entry = pktc_read(record->entry);
	}
	if (!matches)
		return false;
	number = entry & PKTC_ENTRY_NUMBER;
	if (number < floor)
		return false;
	if (number < best)
		*found = entry;
	return true;
}

static __always_inline __u32 pktc_tree_units(__u32 six)
{
	return (six ? PKTC_RECORD6_BYTES : PKTC_RECORD4_BYTES) / PKTC_UNIT_BYTES;
}

/* Has the line of a node begin to come: the processor goes on, and does not wait for what nothing depends on. */
static __always_inline void pktc_tree_fetch(const __u8 *data, __u32 at)
{
	const struct pktc_tree_node *node = pktc_tree_at(data, at, sizeof(*node));

	if (node)
		pktc_keep(pktc_read(node->first));
}

/*
 * The lowest entry whose box matches, or PKTC_NO_ENTRY. With PKTC_TREE_CHECKED it depends
 * on its check; PKTC_TREE_UNSURE: a leaf is too long to look through here.
 */
static __always_inline __u32 pktc_tree_look(const __u8 *data, const struct pktc_key *key, __u32 set)
{
	__u32 zero = pktc_tree_zero(data), lowest = PKTC_NO_ENTRY + zero, partition;
	__u32 six = pktc_tree_six(set), units = pktc_tree_units(six);
	struct pktc_tree_entrance next = pktc_tree_enter(data, key, zero, set, 0);

#pragma clang loop unroll(disable)
	for (partition = 0; partition < pktc_tree_partitions; partition++) {
		__u32 best = lowest & PKTC_ENTRY_NUMBER, at = next.at;
		struct pktc_tree_leaf leaf;

		/* Partitions are ascending. */
		if (!at || next.first >= best)
			break;
		next = pktc_tree_enter(data, key, zero, set, (partition + 1) % PKTC_PARTITIONS_MAX);
		pktc_tree_fetch(data, next.at);
		leaf = pktc_tree_walk(data, key, at, best, 0);
		if (leaf.left > pktc_tree_records)
			return PKTC_TREE_UNSURE;
		/* Downwards and by its sign, which is what the verifier of Linux before 6.8 sees the end by. */
#pragma clang loop unroll(disable)
		for (;;) {
			leaf.left--;
			pktc_opaque(leaf.left);
			if ((int)leaf.left < 0 ||
			    pktc_tree_try(data, key, six, leaf.at, 0, best, &lowest))
				break;
			leaf.at += units;
		}
	}
	return lowest;
}

/* The same. What it keeps on the stack is not there any more when a check, or an observing rule, is called. */
static __noinline __u32 pktc_tree_lowest(const __u8 *data, const struct pktc_key *key, __u32 set)
{
	return pktc_tree_look(data, key, set);
}

/*
 * How far a search through all partitions is: their leaves are looked through together in
 * the order of entries. The stack has no room for it beside checks and logging, so it lies
 * in a map, one a CPU; a program at a cgroup may be interrupted by another packet on its
 * CPU and keeps it on the stack.
 */
struct pktc_tree_state {
	struct pktc_tree_leaf leaves[PKTC_PARTITIONS_MAX];
	__u32 set;
	__u32 opened; /* partitions whose leaf is known */
	__u32 partition; /* being looked through */
	__u32 floor; /* behind the last entry */
	__u32 least; /* lowest entry from there on, so far, and whether it has a check */
	__u32 below; /* rules from this number on do not count */
	__u32 result;
};

/* What each turn of a search gets. */
struct pktc_tree_merge {
	struct pktc_ctx *ctx;
	struct pktc_fields *f;
	struct pktc_fields *in;
	const __u8 *data;
	const struct pktc_key *key;
	struct pktc_tree_state *state;
};

#if PKTC_HOOK == PKTC_HOOK_CGROUP
#define PKTC_TREE_STATE(name) struct pktc_tree_state name##_memory, *name = &name##_memory
#else
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_tree_state);
} pktc_tree_states SEC(".maps");

/* NULL is for the verifier alone: the element is always there. */
static __always_inline struct pktc_tree_state *pktc_tree_state(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&pktc_tree_states, &first);
}

#define PKTC_TREE_STATE(name) struct pktc_tree_state *name = pktc_tree_state()
#endif

/* Before the first turn. `zero`: of pktc_tree_zero. */
static __always_inline void pktc_tree_begin(struct pktc_tree_state *state, __u32 set, __u32 below,
					    __u32 zero)
{
	state->set = set;
	state->opened = zero;
	state->partition = zero;
	state->floor = zero;
	state->least = below + zero;
	state->below = below + zero;
	state->result = below + zero;
}

/* Where the records of the next partition begin. */
static __always_inline void pktc_tree_open(struct pktc_tree_merge *merge)
{
	__u32 zero = pktc_tree_zero(merge->data), partition = merge->state->opened % PKTC_PARTITIONS_MAX;
	struct pktc_tree_entrance entrance = pktc_tree_enter(merge->data, merge->key, zero, merge->state->set, partition);
	struct pktc_tree_leaf leaf = { zero, zero };

	if (entrance.at && entrance.first < merge->state->below)
		leaf = pktc_tree_walk(merge->data, merge->key, entrance.at, merge->state->below, zero);
	if (leaf.left == PKTC_TREE_LONG) {
		const __u32 *length = pktc_tree_at(merge->data, leaf.at, sizeof(*length));

		leaf.left = length ? *length : zero;
		leaf.at += pktc_tree_units(pktc_tree_six(merge->state->set));
	}
	merge->state->leaves[partition] = leaf;
	merge->state->opened++;
}

/*
 * A few records of one partition; then the next one's turn. True: all were looked through,
 * and `least` is the next entry that matches, or still `below`.
 */
static __always_inline bool pktc_tree_step(struct pktc_tree_merge *merge)
{
	struct pktc_tree_leaf *leaf = &merge->state->leaves[merge->state->partition % PKTC_PARTITIONS_MAX];
	__u32 six = pktc_tree_six(merge->state->set), best = merge->state->least & PKTC_ENTRY_NUMBER;
	__u32 at = leaf->at, left = leaf->left, i;

#pragma clang loop unroll(disable)
	for (i = 0; i < PKTC_TREE_STEP; i++) {
		if (!left || pktc_tree_try(merge->data, merge->key, six, at, merge->state->floor, best,
					   &merge->state->least))
			break;
		at += pktc_tree_units(six);
		left--;
	}
	leaf->at = at;
	leaf->left = left;
	if (i == PKTC_TREE_STEP)
		return false;
	return ++merge->state->partition >= PKTC_PARTITIONS_MAX;
}

/* Begins anew behind `least`. */
static __always_inline void pktc_tree_again(struct pktc_tree_merge *merge)
{
	merge->state->floor = (merge->state->least & PKTC_ENTRY_NUMBER) + 1;
	merge->state->least = merge->state->below;
	merge->state->partition = pktc_tree_zero(merge->data);
}

static __always_inline bool pktc_tree_holds(struct pktc_tree_merge *merge)
{
#ifdef PKTC_WANT_CHECKS
	if (merge->state->least & PKTC_TREE_CHECKED)
		return pktc_checks(merge->ctx, merge->f, merge->in, merge->data,
				   merge->state->least & PKTC_ENTRY_NUMBER);
#endif
	(void)merge;
	return true;
}

/*
 * Made for size: Linux before 6.8 takes no loop whose last instruction runs on into its
 * first, and clang lays loops out so only where it optimizes for speed.
 */
#define PKTC_TREE_TURN static __attribute__((minsize)) long

PKTC_TREE_TURN pktc_tree_decide(__u32 round, void *context)
{
	struct pktc_tree_merge *merge = context;

	pktc_keep(round);
	if (merge->state->opened < PKTC_PARTITIONS_MAX) {
		pktc_tree_open(merge);
		return 0;
	}
	if (!pktc_tree_step(merge))
		return 0;
	if (merge->state->least == merge->state->below || pktc_tree_holds(merge)) {
		merge->state->result = merge->state->least & ~PKTC_TREE_CHECKED;
		return 1;
	}
	pktc_tree_again(merge);
	return 0;
}

/* The lowest entry of a `first` set that matches, or PKTC_NO_ENTRY. */
static __always_inline __u32 pktc_tree_first(struct pktc_ctx *ctx, struct pktc_fields *f,
					     struct pktc_fields *in, const __u8 *data,
					     const struct pktc_key *key, __u32 set)
{
	__u32 lowest = pktc_tree_lowest(data, key, set);

	if (unlikely(lowest & PKTC_TREE_CHECKED)) {
		PKTC_TREE_STATE(state);
		struct pktc_tree_merge merge = { ctx, f, in, data, key, state };

		if (!state)
			return PKTC_NO_ENTRY;
		pktc_tree_begin(state, set, PKTC_NO_ENTRY, pktc_tree_zero(data));
		bpf_loop(PKTC_TREE_ROUNDS, pktc_tree_decide, &merge, 0);
		return state->result;
	}
	return lowest;
}

#ifdef PKTC_WANT_EACH
PKTC_TREE_TURN pktc_tree_observe(__u32 round, void *context)
{
	struct pktc_tree_merge *merge = context;

	pktc_keep(round);
	if (merge->state->opened < PKTC_PARTITIONS_MAX) {
		pktc_tree_open(merge);
		return 0;
	}
	if (!pktc_tree_step(merge))
		return 0;
	if (merge->state->least == merge->state->below)
		return 1;
	if (pktc_tree_holds(merge))
		pktc_observe(merge->ctx, merge->f, merge->in, merge->data,
			     merge->state->least & ~PKTC_TREE_CHECKED);
	pktc_tree_again(merge);
	return 0;
}

/* `pktc_observe` for every entry of a number below `below` of an `each` set that matches, ascending. */
static __always_inline void pktc_tree_each(struct pktc_ctx *ctx, struct pktc_fields *f,
					   struct pktc_fields *in, const __u8 *data,
					   const struct pktc_key *key, __u32 set, __u32 below)
{
	PKTC_TREE_STATE(state);
	struct pktc_tree_merge merge = { ctx, f, in, data, key, state };

	if (!state)
		return;
	pktc_tree_begin(state, set, below, pktc_tree_zero(data));
	bpf_loop(PKTC_TREE_ROUNDS, pktc_tree_observe, &merge, 0);
}
#endif

#endif /* PKTC_TREE_H */
