/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Deciding by rules that are data, for packets as most are: the quick walk (usual.h)
 * fills the key out of registers, and the trees are part of the program, so that such a
 * packet calls nothing. What needs more, such as a check, a long leaf or the log, is left
 * to the whole walk and pktc_decide(), as if nothing had happened: nothing has.
 */
#ifndef PKTC_CLASSIFY_USUAL_H
#define PKTC_CLASSIFY_USUAL_H

#include <pktc/classify.h>

struct pktc_keyed {
	__u32 len; /* of the packet */
	struct pktc_key *key;
};

#define PKTC_USUAL_ROOM struct pktc_keyed

/* Stands in place of rules: the kind of packet, of which there is a copy of this each. */
static __always_inline int pktc_match(struct pktc_ctx *ctx, const struct pktc_fields *f,
				      struct pktc_keyed *room, const bool usual)
{
	(void)ctx;
	return pktc_fill_key(f, room->key, usual);
}

#include <pktc/usual.h>

/*
 * What is done with a packet of this entry: PKTC_UNUSUAL where its rule does more than decide. Where no rule does, it is the
 * default's decision, which saves those behind this a branch that nobody could foretell.
 */
static __always_inline int pktc_settle(struct pktc_ctx *ctx, const __u8 *data, __u32 entry)
{
	const struct pktc_action *action;

	if (entry == PKTC_NO_ENTRY)
		return pktc_decision(PKTC_DEFAULT_SLOT, PKTC_DEFAULT);
	if (unlikely(entry & PKTC_TREE_CHECKED))
		return PKTC_UNUSUAL;
	action = pktc_entry_action(data, entry);
	if (!action)
		return PKTC_UNUSUAL;
#ifdef PKTC_ACTION_LOG_H
	if (action->sample)
		return PKTC_UNUSUAL;
#endif
	pktc_act_mark(ctx, action);
	return pktc_decision_to((int)pktc_entry_slot(data, entry), action->verdict, action->redirect);
}

#ifdef PKTC_WANT_FLOW_CACHE
/* What is done with a packet of whose flow this was kept. */
static __always_inline int pktc_settle_kept(struct pktc_ctx *ctx, const __u8 *data, __u32 kept)
{
	if (!PKTC_KEEPS_ENTRIES)
		return kept & PKTC_FLOW_ENTRY ? PKTC_UNUSUAL : (int)kept;
	return kept == PKTC_TREE_UNSURE ? PKTC_UNUSUAL : pktc_settle(ctx, data, kept & ~PKTC_FLOW_ENTRY);
}

#if PKTC_PLAIN_FLOW
/* A packet of a flow that is known. */
static __always_inline void pktc_count_flow(struct pktc_flow_lines *lines, __u64 *counted, __u32 decided, __u32 len)
{
	__u64 count = *counted + PKTC_FLOW_PACKET + len;

	pktc_write(*counted, count);
	if (unlikely((__s64)count < 0)) {
		pktc_flow_move(lines, PKTC_FLOW_ANY, decided, count);
		pktc_write(*counted, 0);
		pktc_flow_moved(lines);
	}
}

/*
 * What is done with a plain packet of a flow that is known, or with one that no rule is about: PKTC_UNUSUAL
 * may be among it. Else PKTC_UNDECIDED. `counted`: whether it was, and else of `f` the length is written.
 * Decisions that are kept say all there is to know, so the data are not looked up; entries mean rules
 * of the data that they were found in.
 */
static __always_inline int pktc_recall(struct pktc_ctx *ctx, struct pktc_fields *f, bool *counted)
{
	const __u8 *data = NULL;
	struct pktc_flow_lines *lines;
	enum pktc_plain_family family;
	struct pktc_plain plain;
	struct pktc_flow flow;
	__u32 generation, kept, len;
	__u64 *line;

	*counted = false;
	if (!pktc_may_be_plain(ctx))
		return PKTC_UNDECIDED;
	lines = pktc_flow_lines();
	if (!lines || pktc_flow_flooded(lines))
		return PKTC_UNDECIDED;
	if (PKTC_KEEPS_ENTRIES) {
		data = pktc_data();
		if (!data)
			return PKTC_UNDECIDED;
		generation = ((const struct pktc_data_head *)data)->generation;
	} else {
		generation = pktc_plain_generation();
	}
	len = ctx->data_end - ctx->data;
	family = pktc_plain_read(ctx, generation, &flow, &plain);
	if (family == PKTC_PLAIN_UNRULED) {
		f->len = len;
		return pktc_decision(PKTC_DEFAULT_SLOT, PKTC_DEFAULT);
	}
	line = pktc_plain_found(lines, family, &flow, &kept);
	if (!line)
		return PKTC_UNDECIDED;
	pktc_flow_known(lines);
	if (PKTC_KEEPS_ENTRIES) {
		f->len = len;
		return pktc_settle_kept(ctx, data, kept);
	}
	if (kept & PKTC_FLOW_ENTRY)
		return PKTC_UNUSUAL;
	pktc_count_flow(lines, &line[PKTC_FLOW_COUNT(family == PKTC_PLAIN_IPV6)], kept, len);
	*counted = true;
	return kept;
}
#endif

/* What is found out for a packet, and kept. */
static __always_inline int pktc_look_up(struct pktc_ctx *ctx, const __u8 *data,
					const struct pktc_key *key, const bool six, __u32 set)
{
	struct pktc_flow_lines *lines = pktc_flow_lines();
	struct pktc_flow flow;
	__u32 kept, entry;
	int decision;

	if (!lines)
		return PKTC_UNUSUAL;
	/* Of plain packets it is known already that nothing was kept. */
	if (!pktc_flow_flooded(lines) && pktc_plain_flow(ctx, 0, &flow) == PKTC_PLAIN_NONE &&
	    pktc_flow_find(lines, data, key, six, set, &kept)) {
		pktc_flow_known(lines);
		return pktc_settle_kept(ctx, data, kept);
	}
	entry = pktc_tree_look(data, key, set);
	decision = PKTC_KEEPS_ENTRIES ? PKTC_UNUSUAL : pktc_settle(ctx, data, entry);
	kept = decision == PKTC_UNUSUAL ? entry | PKTC_FLOW_ENTRY : decision;
	pktc_flow_keep(ctx, lines, data, key, set, kept);
	return pktc_settle_kept(ctx, data, kept);
}
#endif

/*
 * As pktc_decide(), or PKTC_UNUSUAL; of `f` only the length is written. A function behind what plain packets need, which has so
 * many registers more. Global: checked once, whatever is known of a packet that is not plain.
 */
#if defined(PKTC_WANT_FLOW_CACHE) && PKTC_PLAIN_FLOW
__noinline
#else
static __always_inline
#endif
int pktc_decide_by_key(struct pktc_ctx *ctx, enum pktc_direction direction, struct pktc_fields *f)
{
	const __u8 *data = pktc_data();
	struct pktc_keyed room;
	__u32 zero, set, i;
	PKTC_KEY(key);
	int kind;

	pktc_keep(ctx);
	pktc_keep(direction);
	if (!f || !data || !key)
		return PKTC_UNUSUAL;
	zero = pktc_tree_zero(data);
	/* The scalars are always filled. */
#pragma unroll
	for (i = 0; i < PKTC_KEY_SCALARS; i++)
		key->at[i] = zero;
#pragma unroll
	for (i = PKTC_KEY_USED; i < PKTC_KEY_WORDS; i++)
		key->at[i] = zero;
	room.key = key;
	kind = pktc_decide_usual(ctx, direction, &room);
	if (unlikely(kind < 0))
		return PKTC_UNUSUAL;
	f->len = room.len;
	set = 2 * kind + zero;
#ifdef PKTC_WANT_FLOW_CACHE
	return pktc_look_up(ctx, data, key, kind == PKTC_KIND_IPV6, set);
#else
	return pktc_settle(ctx, data, pktc_tree_look(data, key, set));
#endif
}

#endif /* PKTC_CLASSIFY_USUAL_H */
