/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_ACTION_REDIRECT_H
#define PKTC_ACTION_REDIRECT_H

#include <pktc/decision.h>
#include <pktc/return.h>

/* Interfaces that rules send to. */
#ifndef PKTC_REDIRECTS
#define PKTC_REDIRECTS 1
#endif

/* Their indexes, written by the loader. */
const volatile __u32 pktc_redirects[PKTC_REDIRECTS] = { 0 };

/* `to`: place in pktc_redirects */
#define pktc_redirect(rule, to) pktc_decision_to(rule, PKTC_VERDICT_REDIRECT, to)

/* Returns what the program is to return. The packet leaves as it is. */
static __always_inline int pktc_send_to(__u32 number)
{
	if (number >= PKTC_REDIRECTS)
		return PKTC_RETURN_DROP;
	return bpf_redirect(pktc_redirects[number], 0);
}

#endif /* PKTC_ACTION_REDIRECT_H */
