/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the comparison of a record with a key is made of: values that are 0 where the key
 * is inside, so that one branch a record is enough. Which record matches cannot be
 * foretold, and a branch that was foretold wrong costs more than all of its bounds.
 */
#ifndef PKTC_TREE_MATCH_H
#define PKTC_TREE_MATCH_H

#include <pktc/bpf.h>

/* Set in a record's entry: it has a check beside its box. */
#define PKTC_TREE_CHECKED 0x80000000U

/* 1: `value` is not among the `span` + 1 values from `first` on. */
static __always_inline __u64 pktc_beyond(__u64 value, __u32 first, __u32 span)
{
	__u32 above = (__u32)value - first;
	__u64 room = (__u64)span - above;

	/* Else clang makes a comparison and a branch of it: the verifier would follow both ways. */
	pktc_opaque(room);
	return room >> 63;
}

/* The same with values of 16 bits, which `first` and `span` also are. */
static __always_inline __u64 pktc_beyond16(__u64 value, __u32 first, __u32 span)
{
	__u64 room = (__u64)span - ((value - first) & 0xffff);

	pktc_opaque(room);
	return room >> 63;
}

/* Not 0: bits differ that a shift by `shift` and then by `more` leaves. */
static __always_inline __u64 pktc_differs(__u64 value, __u64 first, __u8 shift, __u8 more)
{
	return ((value ^ first) >> (shift & 63)) >> (more & 63);
}

/* Not 0: flags under the mask are not as wanted. */
static __always_inline __u64 pktc_unlike(__u64 value, __u32 mask, __u32 wanted)
{
	return (value & mask) ^ wanted;
}

#endif /* PKTC_TREE_MATCH_H */
