/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What a decision comes to at the hook; stands behind the headers of the actions that a program has. */
#ifndef PKTC_VERDICT_H
#define PKTC_VERDICT_H

#include <pktc/decision.h>
#include <pktc/return.h>

/* Only a program that stands at both directions meets its own answers. */
#if PKTC_HOOK == PKTC_HOOK_TC && !(defined(PKTC_ACTION_REJECT_H) && defined(PKTC_BOTH_WAYS))
#define pktc_is_answer(ctx) false
#endif

/* What a drop and anything that passes come to: arithmetic, for nobody could foretell a branch. */
static __always_inline int pktc_return(struct pktc_ctx *ctx, int decision)
{
#if PKTC_HOOK == PKTC_HOOK_XDP && !defined(PKTC_ACTION_AUDIT_H)
	/* Nothing else passes, and XDP has the same numbers for both. */
	_Static_assert((int)PKTC_VERDICT_DROP == (int)XDP_DROP && (int)PKTC_VERDICT_PASS == (int)XDP_PASS, "numbers of XDP");
	(void)ctx;
	return pktc_decision_verdict(decision);
#else
	__u32 other = pktc_decision_verdict(decision) ^ PKTC_VERDICT_DROP;
	int pass = pktc_return_pass(ctx);

	pktc_opaque(other);
	return pass + (int)((other - 1) >> 31) * (PKTC_RETURN_DROP - pass);
#endif
}

/* Returns what the program is to return. `direction`: which way the packet goes. */
static __always_inline int pktc_carry_out(struct pktc_ctx *ctx, int decision,
					  enum pktc_direction direction)
{
	(void)direction;
#ifdef PKTC_ACTION_REJECT_H
	if (unlikely(pktc_decision_verdict(decision) == PKTC_VERDICT_REJECT))
		return pktc_answer(ctx, direction);
#endif
#ifdef PKTC_ACTION_REDIRECT_H
	if (unlikely(pktc_decision_verdict(decision) == PKTC_VERDICT_REDIRECT))
		return pktc_send_to(pktc_decision_number(decision));
#endif
	return pktc_return(ctx, decision);
}

#endif /* PKTC_VERDICT_H */
