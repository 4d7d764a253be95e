/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Raw reads: bytes at a place that a rule names, as an integer in network byte order.
 * They are read when a rule asks and kept nowhere.
 */
#ifndef PKTC_RAW_H
#define PKTC_RAW_H

#include <pktc/compare.h>
#include <pktc/context.h>

/* Says that the bytes are not there: more than six bytes come to. */
#define PKTC_ABSENT (1ULL << 63)

#define PKTC_RAW_BYTES_MAX 6

/*
 * The `size` bytes at `off`, all of which have to lie before `end`. A global function,
 * so that many reads cost the verifier one check.
 */
__noinline __u64 pktc_raw(struct pktc_ctx *ctx, __u32 off, __u32 size, __u32 end)
{
	__u32 last = pktc_last(size), at = off;
	__be64 bytes = 0;
	const void *from;

	if (last >= PKTC_RAW_BYTES_MAX || off + size > end)
		return PKTC_ABSENT;
	if (likely(at <= PKTC_OFFSET_MAX)) {
		pktc_opaque(at);
		at &= PKTC_OFFSET_MAX;
		/* Often the frame goes on behind them: eight bytes at once. */
		if (likely(pktc_in_place(ctx, at, sizeof(bytes), &from)))
			return pktc_ntoh64(*(const __be64 *)from) >> (64 - 8 * size);
	}
	if (pktc_load_bytes(ctx, off, &bytes, last + 1))
		return PKTC_ABSENT;
	return pktc_ntoh64(bytes) >> (64 - 8 * size);
}

/* Of the frame as a capture shows it: with a tag that the kernel keeps beside it. */
__noinline __u64 pktc_raw_frame(struct pktc_ctx *ctx, __u32 off, __u32 size)
{
	__u32 end = pktc_length(ctx), i, at;
	struct pktc_tag tag;
	__u64 value = 0, byte;

	if (off + size <= PKTC_TAG_OFFSET || !pktc_kept_tag(ctx, &tag))
		return pktc_raw(ctx, off, size, end);
	if (off >= PKTC_TAG_OFFSET + PKTC_TAG_BYTES)
		return pktc_raw(ctx, off - PKTC_TAG_BYTES, size, end);
	for (i = 0; i < PKTC_RAW_BYTES_MAX && i < size; i++) {
		at = off + i;
		if (at < PKTC_TAG_OFFSET)
			byte = pktc_raw(ctx, at, 1, end);
		else if (at >= PKTC_TAG_OFFSET + PKTC_TAG_BYTES)
			byte = pktc_raw(ctx, at - PKTC_TAG_BYTES, 1, end);
		else
			byte = (at < PKTC_TAG_OFFSET + 2 ? tag.proto : tag.tci) >> (at % 2 ? 0 : 8) & 0xff;
		if (byte == PKTC_ABSENT)
			return PKTC_ABSENT;
		value = value << 8 | byte;
	}
	return value;
}

/* `first` bytes into a stretch, which is there when the packet has the fields in `bits`. */
#define pktc_raw_in(ctx, f, bits, start, first, size, end) \
	(pktc_has(f, bits) ? pktc_raw(ctx, pktc_read(start) + (first), size, pktc_read(end)) : PKTC_ABSENT)

#endif /* PKTC_RAW_H */
