/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What programs of each hook return, and the one helper that sends a packet elsewhere. */
#ifndef PKTC_RETURN_H
#define PKTC_RETURN_H

#include <pktc/context.h>

/* Sends the packet on: XDP_REDIRECT or TC_ACT_REDIRECT when it worked, to be returned. */
static long (*const bpf_redirect)(__u32 ifindex, __u64 flags) = (void *)23;

/* Lets the packet come in at the interface instead of going out of it; not for XDP. */
#define BPF_F_INGRESS 1

#if PKTC_HOOK == PKTC_HOOK_XDP
#define PKTC_RETURN_DROP XDP_DROP
#elif PKTC_HOOK == PKTC_HOOK_TC
#define PKTC_RETURN_DROP TC_ACT_SHOT
#else
#define PKTC_RETURN_DROP 0
#endif

static __always_inline int pktc_return_pass(struct pktc_ctx *ctx)
{
	(void)ctx;
#if PKTC_HOOK == PKTC_HOOK_XDP
	return XDP_PASS;
#elif PKTC_HOOK == PKTC_HOOK_TC
	/* Other programs and filters go on with it. */
	return TC_ACT_UNSPEC;
#elif PKTC_HOOK == PKTC_HOOK_SOCKET
	/* The socket gets at most so many bytes, that is all; with 0 it would get no packet. */
	return 0x7fffffff;
#else
	return 1;
#endif
}

#endif /* PKTC_RETURN_H */
