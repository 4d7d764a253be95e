/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the conditions of few rules are made of. The rules are compiled into the quick walk
 * (usual.h), once for each kind of packet, and into a function for all other packets.
 * `usual` says which, and is a constant in each.
 */
#ifndef PKTC_FEW_H
#define PKTC_FEW_H

#include <pktc/compare.h>

#ifdef PKTC_HIDE_VALUES
/* Always 0, which the verifier does not know. */
__u64 pktc_zero;
#define pktc_hidden(x) ((__typeof__(x))((x) ^ pktc_read(pktc_zero)))
#else
#define pktc_hidden(x) (x)
#endif

/*
 * A value for one comparison. What the verifier learns from that, it may learn of a sum
 * alone: with rules that compare several fields in many ways it would follow each way
 * with all that was learnt on it, and give up after a million steps. The planner counts
 * the ways. In memory, a value is read afresh: see pktc_read().
 */
#define pktc_value(x) (usual ? pktc_hidden(x) : pktc_read(x))

#define pktc_value6(x)                                                           \
	({                                                                       \
		struct pktc_u128 copy = { pktc_value((x).high), pktc_value((x).low) }; \
		copy;                                                            \
	})

/* Whether the packet has all fields in `bits`: the compiler knows it for a kind of packet. */
#define pktc_known(f, bits)                                                      \
	(usual ? ((f)->present & (bits)) == (bits) : pktc_has(f, bits))

/* The fields in memory, where the logger finds them; in the quick walk they are in registers. */
#define pktc_kept(f, room)                                                       \
	({                                                                       \
		if (usual)                                                       \
			*(room) = *(f);                                          \
		room;                                                            \
	})

#endif /* PKTC_FEW_H */
