/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What a chain of rules comes to: a rule and its verdict in one number, or nothing yet. */
#ifndef PKTC_DECISION_H
#define PKTC_DECISION_H

#include <pktc/bpf.h>

/* As events carry them; 0 is no verdict. */
enum pktc_verdict {
	PKTC_VERDICT_NONE = 0,
	PKTC_VERDICT_DROP = 1,
	PKTC_VERDICT_PASS = 2,
};

#define PKTC_UNDECIDED (-1)

#define pktc_decision(rule, verdict) (((rule) << 2) | (verdict))
#define pktc_decision_rule(decision) ((__u32)(decision) >> 2)
#define pktc_decision_verdict(decision) ((decision) & 3)

#endif /* PKTC_DECISION_H */
