/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_ACTION_REJECT_H
#define PKTC_ACTION_REJECT_H

#include <pktc/answer.h>
#include <pktc/decision.h>

#define pktc_reject(rule) pktc_decision(rule, PKTC_VERDICT_REJECT)

#endif /* PKTC_ACTION_REJECT_H */
