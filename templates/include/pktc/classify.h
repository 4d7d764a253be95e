/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Deciding by rules that are data. Stands behind the records and checks of a program:
 * what a packet's key is (pktc_fill_key), and pktc_check where boxes leave something
 * to be asked.
 */
#ifndef PKTC_CLASSIFY_H
#define PKTC_CLASSIFY_H

#include <pktc/action_count.h>
#include <pktc/compare.h>
#include <pktc/data.h>
#include <pktc/fields.h>
#include <pktc/records.h>

/* What is done with packets that no verdict caught: the program says. */
#ifndef PKTC_DEFAULT
#define PKTC_DEFAULT PKTC_VERDICT_PASS
#endif

#ifdef PKTC_WANT_CHECKS
/* Whether what a rule asks beside its boxes holds. */
static __always_inline bool pktc_checks(struct pktc_ctx *ctx, struct pktc_fields *f,
					struct pktc_fields *in, const __u8 *data, __u32 number)
{
	const struct pktc_rule *rule = pktc_rule_at(data, number);

	return rule && (!rule->check || pktc_check(ctx, f, in, rule->check));
}
#endif

/* Whether rules mark packets: such a rule has something to do for each packet of a flow. */
#if defined(PKTC_ACTION_MARK_H) && (PKTC_HOOK == PKTC_HOOK_TC || PKTC_HOOK == PKTC_HOOK_CGROUP)
#define PKTC_MARKS 1
#else
#define PKTC_MARKS 0
#endif

static __always_inline void pktc_act_mark(struct pktc_ctx *ctx, const struct pktc_action *action)
{
	(void)ctx, (void)action;
#if PKTC_MARKS
	if (action->sets_mark)
		pktc_set_mark(ctx, action->mark);
#endif
}

/* What a rule does beside its verdict. */
static __always_inline void pktc_act(struct pktc_ctx *ctx, struct pktc_fields *f,
				     const struct pktc_rule *rule, const struct pktc_action *action)
{
	(void)f, (void)rule;
	pktc_act_mark(ctx, action);
#ifdef PKTC_ACTION_LOG_H
	if (action->sample)
		pktc_log(ctx, f, rule->slot, pktc_log_how(action->verdict, action->payload),
			 action->sample);
#endif
}

#ifdef PKTC_WANT_EACH
/* A rule without a verdict that holds for the packet. */
static __always_inline void pktc_observe(struct pktc_ctx *ctx, struct pktc_fields *f,
					 struct pktc_fields *in, const __u8 *data, __u32 entry)
{
	const struct pktc_rule *rule = pktc_rule_at(data, entry & PKTC_ENTRY_NUMBER);
	const struct pktc_action *action;

	(void)in;
	if (!rule)
		return;
	action = pktc_action_at(data, rule->action);
	if (!action)
		return;
	pktc_act(ctx, f, rule, action);
	pktc_count(rule->slot, pktc_read(f->len));
}
#endif

#include <pktc/tree.h>
#ifdef PKTC_WANT_FLOW_CACHE
#include <pktc/plain.h>
#endif

#if PKTC_KEY_WORDS > 8 && PKTC_HOOK != PKTC_HOOK_CGROUP
/* A large key is not for the stack: one a CPU, for programs that are not interrupted there. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_key);
} pktc_keys SEC(".maps");

static __always_inline struct pktc_key *pktc_key_room(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&pktc_keys, &first);
}

#define PKTC_KEY(name) struct pktc_key *name = pktc_key_room()
#else
#define PKTC_KEY(name) struct pktc_key name##_memory, *name = &name##_memory
#endif

#ifdef PKTC_WANT_FLOW_CACHE
/* Whether the rule of an entry has something to do for each packet of a flow, so that a line keeps the entry. */
#ifdef PKTC_WANT_EACH
#define PKTC_KEEPS_ENTRIES 1
#else
#define PKTC_KEEPS_ENTRIES PKTC_MARKS
#endif

/* What a line keeps when the whole walk has found out what no line said. */
static __always_inline __u32 pktc_to_keep(__u32 entry, const struct pktc_action *action, int decision)
{
	bool more = PKTC_KEEPS_ENTRIES;

	(void)action;
#ifdef PKTC_ACTION_LOG_H
	if (action && action->sample)
		more = true;
#endif
	return more ? entry | PKTC_FLOW_ENTRY : (__u32)decision;
}

/* Behind the quick walk, which asks by itself, calls save more of the stack than they cost. */
#ifdef PKTC_WANT_USUAL
#define PKTC_FLOW_CALL static __noinline __returns
#else
#define PKTC_FLOW_CALL static __always_inline
#endif

/* What was kept for a packet; PKTC_TREE_UNSURE: nothing, or nothing that says which entry it is. */
PKTC_FLOW_CALL __u32 pktc_kept(struct pktc_ctx *ctx, const __u8 *data, const struct pktc_key *key,
			       __u32 set)
{
	const struct pktc_data_head *head = (const void *)data;
	struct pktc_flow_lines *lines = pktc_flow_lines();
	enum pktc_plain_family family;
	struct pktc_flow flow;
	__u32 kept;

	if (!lines || pktc_flow_flooded(lines))
		return PKTC_TREE_UNSURE;
	family = pktc_plain_flow(ctx, head->generation, &flow);
	if (!(family == PKTC_PLAIN_NONE ? pktc_flow_find(lines, data, key, pktc_is_ipv6(set), set, &kept) :
					  pktc_plain_found(lines, family, &flow, &kept) != NULL))
		return PKTC_TREE_UNSURE;
	pktc_flow_known(lines);
	return kept;
}

PKTC_FLOW_CALL int pktc_keep_flow(struct pktc_ctx *ctx, const __u8 *data, const struct pktc_key *key,
				  __u32 set, __u32 kept)
{
	struct pktc_flow_lines *lines = pktc_flow_lines();

	if (lines)
		pktc_flow_keep(ctx, lines, data, key, set, kept);
	return 0;
}
#endif

/*
 * The rule that decides and its verdict, or PKTC_UNDECIDED. A global function: checked once, whatever the packet held before.
 * Action and slot come out of the rule's row: what an entry says of them takes more of the stack, and only the quick walk is in such a hurry.
 */
#ifdef PKTC_CHECKS_INNER
__noinline int pktc_decide(struct pktc_ctx *ctx, struct pktc_fields *f, struct pktc_fields *in)
#else
__noinline int pktc_decide(struct pktc_ctx *ctx, struct pktc_fields *f)
#endif
{
#ifndef PKTC_CHECKS_INNER
	struct pktc_fields *in = NULL;
#endif
	const struct pktc_action *action;
	const struct pktc_rule *rule;
	PKTC_KEY(key);
	const __u8 *data;
	__u32 entry, set;
	int decision;
#ifdef PKTC_WANT_FLOW_CACHE
	__u32 kept;
	bool known;
#endif

	if (!f)
		return PKTC_UNDECIDED;
#ifdef PKTC_CHECKS_INNER
	if (!in)
		return PKTC_UNDECIDED;
#endif
	pktc_keep(ctx);
	data = pktc_data();
	if (!data || !key)
		return PKTC_UNDECIDED;
	__builtin_memset(key, 0, sizeof(*key));
	set = 2 * pktc_fill_key(f, key, false) + pktc_tree_zero(data);
#ifdef PKTC_WANT_FLOW_CACHE
	kept = pktc_kept(ctx, data, key, set);
	if (!(kept & PKTC_FLOW_ENTRY))
		return kept;
	known = kept != PKTC_TREE_UNSURE;
	entry = known ? kept & ~PKTC_FLOW_ENTRY : pktc_tree_first(ctx, f, in, data, key, set);
#else
	entry = pktc_tree_first(ctx, f, in, data, key, set);
#endif
#ifdef PKTC_WANT_EACH
	pktc_tree_each(ctx, f, in, data, key, set + 1, entry & PKTC_ENTRY_NUMBER);
#endif
	if (entry == PKTC_NO_ENTRY) {
#ifdef PKTC_WANT_FLOW_CACHE
		if (!known)
			pktc_keep_flow(ctx, data, key, set,
				       pktc_to_keep(entry, NULL, pktc_decision(PKTC_DEFAULT_SLOT, PKTC_DEFAULT)));
#endif
		return PKTC_UNDECIDED;
	}
	rule = pktc_rule_at(data, entry & PKTC_ENTRY_NUMBER);
	if (!rule)
		return PKTC_UNDECIDED;
	action = pktc_action_at(data, rule->action);
	if (!action)
		return PKTC_UNDECIDED;
	pktc_act(ctx, f, rule, action);
	decision = pktc_decision_to((int)rule->slot, action->verdict, action->redirect);
#ifdef PKTC_WANT_FLOW_CACHE
	if (!known)
		pktc_keep_flow(ctx, data, key, set, pktc_to_keep(entry, action, decision));
#endif
	return decision;
}

#endif /* PKTC_CLASSIFY_H */
