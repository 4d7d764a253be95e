/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Rules as data: one run of bytes, which the compiler lays out and the loader puts into
 * the only element of a map, which is the only element of another. Storing a new one
 * there changes every rule at once: a packet looks it up once, and sees one or the other.
 */
#ifndef PKTC_DATA_H
#define PKTC_DATA_H

#include <pktc/bpf.h>
#include <pktc/decision.h>

/* "pktc", and the layout of what follows. */
#define PKTC_DATA_MAGIC 0x63746b70
#define PKTC_DATA_VERSION 4

/* Trees are written down in units of so many bytes. */
#define PKTC_UNIT_BYTES 16

#define PKTC_BOX_SETS 10
#define PKTC_PARTITIONS_MAX 8

/*
 * What a search finds is an entry: the rule's number in the order of evaluation, and above
 * it its action, so that only what is rare has to be read out of the rule's row.
 */
#define PKTC_ENTRY_NUMBER 0xfffff
#define PKTC_ENTRY_ACTION(entry) ((entry) >> 20 & 0x7ff)
/* An action with a number that does not fit is in the row alone. */
#define PKTC_ACTION_IN_ROW 0x7ff
/* No rule has this number. */
#define PKTC_NO_ENTRY PKTC_ENTRY_NUMBER

/* Offsets are in bytes from here, and aligned to 8. */
struct pktc_data_head {
	__u32 magic;
	__u32 version;
	__u32 bytes; /* in use */
	__u32 generation;
	__u32 rules;
	__u32 rule_off; /* struct pktc_rule, one a rule in the order of evaluation */
	__u32 actions;
	__u32 action_off; /* struct pktc_action, the different ones that rules have */
	__u32 shift_off; /* __u32, one for PKTC_SHIFT_ROWS rows each: slots less numbers, written by the loader */
	__u32 depth; /* most nodes on the way to a leaf */
	__u32 partitions; /* most of one set */
	__u32 leaf; /* most records of a leaf that a plain loop goes through */
	__u32 reserved[4];
	/* First nodes of a set's partitions, in units; 0 ends the list. */
	__u32 roots[PKTC_BOX_SETS][PKTC_PARTITIONS_MAX];
};

struct pktc_rule {
	__u32 slot; /* of its counter, and in events: written by the loader */
	__u16 check; /* what its boxes leave to be asked; 0: nothing */
	__u16 action;
};

struct pktc_action {
	__u32 sample; /* log one in so many; 0: none */
	__u32 mark;
	__u16 payload; /* bytes to log */
	__u8 verdict; /* enum pktc_verdict */
	__u8 redirect; /* number in pktc_redirects */
	__u8 sets_mark;
	__u8 reserved[3];
};

/* Most slots follow their rules' order: a stretch of rows where all do takes one word of a table that stays in the caches. */
#define PKTC_SHIFT_ROWS 64
/* The rows of this stretch say it each. */
#define PKTC_SHIFT_NONE 0x80000000

/* Of packets that no verdict caught. */
#define PKTC_DEFAULT_SLOT 0

/*
 * Kinds of packets by the addresses they have: one is judged by the sets 2 * kind (rules
 * with a verdict, of which the first decides) and 2 * kind + 1 (rules without, of which
 * all count).
 */
enum pktc_packet_kind {
	PKTC_KIND_IPV4 = 0,
	PKTC_KIND_IPV6 = 1,
	PKTC_KIND_NO_ADDRESS = 2,
	PKTC_KIND_SOURCE4 = 3, /* cut behind the source */
	PKTC_KIND_SOURCE6 = 4,
};

/* Sets of packets with addresses of IPv6: of kinds 1 and 4. */
#define PKTC_IPV6_KINDS 0x30c

static __always_inline __u32 pktc_is_ipv6(__u32 set)
{
	return PKTC_IPV6_KINDS >> (set & 31) & 1;
}

/*
 * What a packet is in the dimensions of the trees, a power of two of them. An absent field
 * is 0; where that does not tell enough, a bit behind the scalars says that it is there.
 */
#ifndef PKTC_KEY_WORDS
#define PKTC_KEY_WORDS 16
#endif
struct pktc_key {
	__u64 at[PKTC_KEY_WORDS];
};

enum {
	PKTC_KEY_SRC = 0,
	PKTC_KEY_SRC_LOW = 1,
	PKTC_KEY_DST = 2,
	PKTC_KEY_DST_LOW = 3,
	PKTC_KEY_SCALARS = 4,
};

/* A value in the key: one that is too wide for it counts as the largest. */
#define PKTC_SCALAR_MAX 0xffff
#define pktc_scalar(value) ((value) > PKTC_SCALAR_MAX ? PKTC_SCALAR_MAX : (value))

/* Room for the data, written by the loader ahead of the verifier, which takes it for a constant. */
const volatile __u32 pktc_data_bytes = 4096;

/*
 * Nodes on the way to a leaf, partitions of a set and records of a leaf, as far as the program
 * looks: written by the loader ahead of the verifier, who follows each of them. Data with more
 * of them needs the program loaded anew; these are DEPTH_MAX of compiler/4-plan/tree/growth.ts,
 * PARTITIONS_MAX of box-set.ts and SHORT_LEAF of tree-store.ts: longer leaves take bpf_loop (Linux 5.17).
 */
const volatile __u32 pktc_tree_depth = 32;
const volatile __u32 pktc_tree_partitions = PKTC_PARTITIONS_MAX;
const volatile __u32 pktc_tree_records = 20;

struct pktc_data_value {
	__u8 bytes[4096];
};

struct pktc_data_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__uint(value_size, sizeof(struct pktc_data_value));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct pktc_data_map);
} pktc_data_maps SEC(".maps");

/* NULL: the loader has put nothing there. */
static __always_inline const __u8 *pktc_data(void)
{
	__u32 first = 0;
	void *map = bpf_map_lookup_elem(&pktc_data_maps, &first);

	return map ? bpf_map_lookup_elem(map, &first) : NULL;
}

/* `size` bytes at `offset`; NULL where the data ends before. */
static __always_inline const void *pktc_data_at(const __u8 *data, __u32 offset, __u32 size)
{
	pktc_opaque(offset);
	if (offset > pktc_data_bytes - size)
		return NULL;
	/* Else clang makes one expression of the check and the sum, which the verifier cannot follow. */
	pktc_opaque(offset);
	return data + offset;
}

static __always_inline const struct pktc_rule *pktc_rule_at(const __u8 *data, __u32 entry)
{
	const struct pktc_data_head *head = (const void *)data;

	return pktc_data_at(data, head->rule_off + entry * sizeof(struct pktc_rule),
			    sizeof(struct pktc_rule));
}

static __always_inline const struct pktc_action *pktc_action_at(const __u8 *data, __u32 action)
{
	const struct pktc_data_head *head = (const void *)data;

	return pktc_data_at(data, head->action_off + action * sizeof(struct pktc_action),
			    sizeof(struct pktc_action));
}

/* What the rule of an entry does; NULL is for the verifier alone. */
static __always_inline const struct pktc_action *pktc_entry_action(const __u8 *data, __u32 entry)
{
	const struct pktc_rule *rule;
	__u32 action = PKTC_ENTRY_ACTION(entry);

	if (unlikely(action == PKTC_ACTION_IN_ROW)) {
		rule = pktc_rule_at(data, entry & PKTC_ENTRY_NUMBER);
		if (!rule)
			return NULL;
		action = rule->action;
	}
	return pktc_action_at(data, action);
}

/* The slot of the rule's counter. */
static __always_inline __u32 pktc_entry_slot(const __u8 *data, __u32 entry)
{
	const struct pktc_data_head *head = (const void *)data;
	__u32 number = entry & PKTC_ENTRY_NUMBER;
	const struct pktc_rule *rule;
	const __u32 *shift;

	shift = pktc_data_at(data, head->shift_off + number / PKTC_SHIFT_ROWS * sizeof(*shift),
			     sizeof(*shift));
	if (likely(shift && *shift != PKTC_SHIFT_NONE))
		return number + *shift;
	rule = pktc_rule_at(data, number);
	return rule ? rule->slot : PKTC_DEFAULT_SLOT;
}

#endif /* PKTC_DATA_H */
