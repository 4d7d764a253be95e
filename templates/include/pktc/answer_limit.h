/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Answers to packets that are rejected: what is kept for them on each CPU, and how
 * many there may be. RFC 1812 4.3.2.8 and RFC 4443 2.4 (f) ask for a limit; it also
 * keeps a flood from being turned into another one.
 */
#ifndef PKTC_ANSWER_LIMIT_H
#define PKTC_ANSWER_LIMIT_H

#include <pktc/bpf.h>

/* On each CPU. A burst of that many at once, then as many a second. */
#define PKTC_ANSWERS_A_SECOND 100
#define PKTC_ANSWERS_AT_ONCE 100
#define PKTC_ANSWER_INTERVAL_NS (1000000000ULL / PKTC_ANSWERS_A_SECOND)

/* An ICMPv6 error has at most 1,280 bytes (RFC 4443 2.4 (c)), 48 of them headers. */
#define PKTC_QUOTE6_BYTES 1232
/* An ICMP error has at most 576 bytes (RFC 1812 4.3.2.3), 28 of them headers. */
#define PKTC_QUOTE4_BYTES 548
/* Where a transport header can begin in the quote; also a mask. */
#define PKTC_QUOTE_MASK 0x7ff
/* What bpf_csum_diff() takes at once. */
#define PKTC_PIECE_BYTES 512

/* One a CPU: too large for the stack. */
struct pktc_answers {
	__u64 next_ns; /* when the next answer would be due if they came evenly */
	__u64 sent;
	__u64 limited; /* packets that got no answer because there had been too many */
	__u64 silent;  /* packets that get none: broadcasts, resets, ICMP errors, broken ones … */

	/* The packet, and what it is quoted from: `quote` begins at the network layer. */
	__u32 link_len;	 /* bytes of Ethernet header and tags */
	__u32 total;	 /* bytes of the datagram, from the network layer on */
	__u32 transport; /* where the transport header begins, from the network layer on */
	__u32 addresses; /* checksum of both addresses, not folded */
	__u16 type;	 /* PKTC_TYPE_IPV4 or PKTC_TYPE_IPV6 */
	__u8 proto;
	__u8 fragment; /* 1: a first fragment */
	__u8 partial;  /* 1: its transport checksum covers the pseudo header alone, for a network card to complete */

	/* The answer: `link`, `head`, then `quoted` bytes of `quote`. */
	__u32 ip_len;	/* bytes of its IP header */
	__u32 head_len; /* bytes of it up to the quote */
	__u32 quoted;

	__u8 link[24] __attribute__((aligned(8)));
	__u8 head[64] __attribute__((aligned(8)));
	__u8 piece[PKTC_PIECE_BYTES] __attribute__((aligned(8)));
	__u8 quote[PKTC_QUOTE_MASK + 1 + 64] __attribute__((aligned(8)));
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_answers);
} pktc_answers SEC(".maps");

/* When the next answer will have been due for so many that no more may be sent now. */
static __always_inline bool pktc_has_answer_left(const struct pktc_answers *a, __u64 now_ns)
{
	return a->next_ns <= now_ns + (PKTC_ANSWERS_AT_ONCE - 1) * PKTC_ANSWER_INTERVAL_NS;
}

static __always_inline void pktc_take_answer(struct pktc_answers *a, __u64 now_ns)
{
	__u64 from_ns = a->next_ns > now_ns ? a->next_ns : now_ns;

	a->next_ns = from_ns + PKTC_ANSWER_INTERVAL_NS;
	a->sent += 1;
}

#endif /* PKTC_ANSWER_LIMIT_H */
