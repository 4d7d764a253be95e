/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef PKTC_ACTION_AUDIT_H
#define PKTC_ACTION_AUDIT_H

#include <pktc/decision.h>

#define pktc_audit(rule) pktc_decision(rule, PKTC_VERDICT_AUDIT)

#endif /* PKTC_ACTION_AUDIT_H */
