/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What a chain of rules comes to: a rule, its verdict and where to in one number, or nothing yet. */
#ifndef PKTC_DECISION_H
#define PKTC_DECISION_H

#include <pktc/bpf.h>

/* As events carry them; 0 is no verdict. */
enum pktc_verdict {
	PKTC_VERDICT_NONE = 0,
	PKTC_VERDICT_DROP = 1,
	PKTC_VERDICT_PASS = 2,
	PKTC_VERDICT_REJECT = 3,
	PKTC_VERDICT_REDIRECT = 4,
	PKTC_VERDICT_AUDIT = 5, /* passes; a drop is rehearsed */
};

#define PKTC_UNDECIDED (-1)
/* The quick walk leaves this packet to the whole one: usual.h. */
#define PKTC_UNUSUAL (-2)

/* Verdict in 3 bits, rule in 20, number in pktc_redirects in 8: never negative. */
#define pktc_decision(rule, verdict) pktc_decision_to(rule, verdict, 0)
#define pktc_decision_to(rule, verdict, to) ((to) << 23 | (rule) << 3 | (verdict))
#define pktc_decision_rule(decision) ((__u32)(decision) >> 3 & 0xfffff)
#define pktc_decision_verdict(decision) ((decision) & 7)
#define pktc_decision_number(decision) ((__u32)(decision) >> 23)

#endif /* PKTC_DECISION_H */
