/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Long lists of values of up to 16 bits: a bit for each value there can be. */
#ifndef PKTC_SET_BITS_H
#define PKTC_SET_BITS_H

#include <pktc/compare.h>

/* Of all such lists of the program. */
#ifndef PKTC_BIT_WORDS
#define PKTC_BIT_WORDS 1024
#endif
#define PKTC_BIT_WORDS_A_LIST 1024

/* The values are written into the object file. */
PKTC_TABLE __u64 pktc_bits[PKTC_BIT_WORDS];

static __always_inline bool pktc_in_bits(__u32 value, __u32 list)
{
	__u32 at = list * PKTC_BIT_WORDS_A_LIST + (value >> 6);

	pktc_opaque(at);
	if (at >= PKTC_BIT_WORDS)
		return false;
	return pktc_bits[at] >> (value & 63) & 1;
}

#endif /* PKTC_SET_BITS_H */
