/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_ACTION_MARK_H
#define PKTC_ACTION_MARK_H

#include <pktc/context.h>

/* Hooks without a socket buffer have no mark: the compiler refuses the action there. */
#if PKTC_HOOK == PKTC_HOOK_TC || PKTC_HOOK == PKTC_HOOK_CGROUP
static __always_inline void pktc_set_mark(struct pktc_ctx *ctx, __u32 mark)
{
	/* From a register: kernels before 6.4 refuse to store a constant into a context. */
	pktc_opaque(mark);
	/* Else clang keeps the member's address for several rules, and the verifier takes no pointer into the context. */
	pktc_opaque(ctx);
	ctx->mark = mark;
}
#endif

#endif /* PKTC_ACTION_MARK_H */
