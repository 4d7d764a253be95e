// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* slot: title */
/*
 * The skeleton of a packet socket's filter. It compiles as it stands; the compiler
 * replaces what lies between the slot marks.
 */
/* end: title */
#define PKTC_HOOK PKTC_HOOK_SOCKET
/* slot: settings */
#define PKTC_PAYLOAD_BYTES 16
#define PKTC_DEFAULT PKTC_VERDICT_PASS
#define PKTC_RULES 1
/* end: settings */

#include <pktc/bpf.h>
#include <pktc/compare.h>
#include <pktc/decision.h>
#include <pktc/packet.h>

/* slot: fields */
#include <pktc/fields.h>
/* end: fields */

#include <pktc/parse.h>
/* slot: actions */
#include <pktc/action_count.h>
#include <pktc/action_drop.h>
#include <pktc/action_log.h>
#include <pktc/action_pass.h>
/* end: actions */
#include <pktc/verdict.h>

char pktc_license[] SEC("license") = "Dual MIT/GPL";

/* slot: rules */
/* A global function: the verifier checks it once, knowing nothing of what a packet can hold. */
__noinline int pktc_rules(struct pktc_ctx *ctx, struct pktc_fields *f)
{
	if (!f)
		return PKTC_UNDECIDED;

	if (pktc_has(f, PKTC_HAS_DPORT) && pktc_read(f->dport) == 22) {
		pktc_log(ctx, f, 0, pktc_log_how(PKTC_VERDICT_DROP, 16), 1);
		return pktc_drop(0);
	}

	return PKTC_UNDECIDED;
}
/* end: rules */

/* Returns how many bytes of the packet the socket gets at most; 0: it gets no packet. */
SEC("socket") int pktc_socket(struct __sk_buff *ctx)
{
	/* slot: locals */
	struct pktc_fields f;
	/* end: locals */
	const enum pktc_direction direction = pktc_direction(ctx);
	int decision = PKTC_UNDECIDED;

	/* slot: parse */
	__builtin_memset(&f, 0, sizeof(f));
	pktc_parse(ctx, &f);
	pktc_read_context(&f, ctx, direction);
	/* end: parse */

	/* slot: decide */
	decision = pktc_rules(ctx, &f);
	/* end: decide */

	if (decision == PKTC_UNDECIDED)
		decision = pktc_decision(PKTC_RULES, PKTC_DEFAULT);
	/* slot: count */
	pktc_add(pktc_decision_rule(decision), f.len);
	/* end: count */
	return pktc_carry_out(ctx, decision, direction);
}
