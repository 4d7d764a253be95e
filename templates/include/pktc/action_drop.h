/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_ACTION_DROP_H
#define PKTC_ACTION_DROP_H

#include <pktc/decision.h>

#define pktc_drop(rule) pktc_decision(rule, PKTC_VERDICT_DROP)

#endif /* PKTC_ACTION_DROP_H */
