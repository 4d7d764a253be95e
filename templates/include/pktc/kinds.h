/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which option kinds, or types of extension headers, a packet has. Rules ask whether one
 * of a list is among them: each list is a bit, and a kind stands for the lists it is in.
 */
#ifndef PKTC_KINDS_H
#define PKTC_KINDS_H

#include <pktc/bpf.h>

#define PKTC_KINDS 256

/* The bits of each kind; the values are written into the object file. */
PKTC_TABLE __u64 pktc_kind_bits[PKTC_KINDS];

#endif /* PKTC_KINDS_H */
