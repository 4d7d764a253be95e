/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_ACTION_PASS_H
#define PKTC_ACTION_PASS_H

#include <pktc/decision.h>

#define pktc_pass(rule) pktc_decision(rule, PKTC_VERDICT_PASS)

#endif /* PKTC_ACTION_PASS_H */
