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

/* 1 for a drop, else 0: arithmetic, for nobody could foretell a branch. */
static __always_inline int pktc_drops(int decision)
{
	__u32 other = pktc_decision_verdict(decision) ^ PKTC_VERDICT_DROP;

	pktc_opaque(other);
	return (other - 1) >> 31;
}

/* Returns what the program is to return. `direction`: which way the packet goes. */
static __always_inline int pktc_carry_out(struct pktc_ctx *ctx, int decision,
					  enum pktc_direction direction)
{
	int pass = pktc_return_pass(ctx);

	(void)direction;
#ifdef PKTC_ACTION_REJECT_H
	if (unlikely(pktc_decision_verdict(decision) == PKTC_VERDICT_REJECT))
		return pktc_answer(ctx, direction);
#endif
#ifdef PKTC_ACTION_REDIRECT_H
	if (unlikely(pktc_decision_verdict(decision) == PKTC_VERDICT_REDIRECT))
		return pktc_send_to(pktc_decision_number(decision));
#endif
	return pass + pktc_drops(decision) * (PKTC_RETURN_DROP - pass);
}

#endif /* PKTC_VERDICT_H */
