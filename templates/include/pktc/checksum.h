/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Internet checksums, RFC 1071: sums of 16-bit words as they lie in memory, not folded until the end. */
#ifndef PKTC_CHECKSUM_H
#define PKTC_CHECKSUM_H

#include <pktc/answer_limit.h>
#include <pktc/context.h>

/* Without the helpers of 5.18 an XDP program could not put an answer together: it drops. */
static __always_inline bool pktc_can_answer(void)
{
#if PKTC_HOOK == PKTC_HOOK_XDP
	return pktc_has_fragments();
#else
	return true;
#endif
}

/* Sum of what is added less what goes; sizes are multiples of four. */
static __s64 (*const bpf_csum_diff)(const void *from, __u32 from_size, const void *to,
				    __u32 to_size, __u32 seed) = (void *)28;

/* 16 bits, not complemented. */
static __always_inline __u16 pktc_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* At most PKTC_PIECE_BYTES. */
static __always_inline __u32 pktc_sum(const void *bytes, __u32 size, __u32 sum)
{
	return bpf_csum_diff(NULL, 0, bytes, size, sum);
}

/* The pseudo header of RFC 9293 3.1 and RFC 8200 8.1. */
static __always_inline __u64 pktc_sum_pseudo(const struct pktc_answers *a, __u8 proto, __u32 len)
{
	return (__u64)a->addresses + pktc_ntoh16(proto) + pktc_ntoh16((__u16)len) +
	       pktc_ntoh16((__u16)(len >> 16));
}

/*
 * Folded sum of `size` bytes at `off` of the frame, or -1 when they cannot be read.
 * Global, so that the loop is checked once.
 */
__noinline int pktc_sum_frame(struct pktc_ctx *ctx, struct pktc_answers *a, __u32 off, __u32 size)
{
	__u32 rest = size % PKTC_PIECE_BYTES, sum = 0, i, last;

	if (!a || !pktc_can_answer())
		return -1;
	/* The last piece first: zeroes follow it then, and the others begin at even places. */
	if (rest) {
		last = pktc_last(rest);
		__builtin_memset(a->piece, 0, sizeof(a->piece));
		if (last >= sizeof(a->piece))
			return -1;
		if (pktc_load_bytes(ctx, off + size - rest, a->piece, last + 1))
			return -1;
		sum = pktc_sum(a->piece, sizeof(a->piece), 0);
	}
	for (i = 0; i < 0x10000 / PKTC_PIECE_BYTES; i++) {
		if ((i + 1) * PKTC_PIECE_BYTES > size)
			break;
		if (pktc_load_bytes(ctx, off + i * PKTC_PIECE_BYTES, a->piece, sizeof(a->piece)))
			return -1;
		sum = pktc_sum(a->piece, sizeof(a->piece), sum);
	}
	return pktc_fold(sum);
}

#endif /* PKTC_CHECKSUM_H */
