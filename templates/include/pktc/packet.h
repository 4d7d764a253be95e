/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The walk over a packet's headers: what it has found so far, and how a header
 * is read that may be cut short. docs/packets.md says what each fact means.
 */
#ifndef PKTC_PACKET_H
#define PKTC_PACKET_H

#include <pktc/context.h>
#include <pktc/headers.h>

/* Facts that may be absent; bits of struct pktc_packet.known. */
enum {
	PKTC_KNOWN_ETHERTYPE = 1 << 0,
	PKTC_KNOWN_PROTO = 1 << 1,
	PKTC_KNOWN_FRAG = 1 << 2,
	PKTC_KNOWN_PAYLOAD = 1 << 3,
};

enum {
	PKTC_FRAG_FIRST = 1,
	PKTC_FRAG_LATER = 2,
};

/* How far the walk has to go for what the rules ask; PKTC_DEPTH is one of these. */
enum {
	PKTC_DEPTH_LINK,
	PKTC_DEPTH_NETWORK,
	PKTC_DEPTH_TRANSPORT,
};

struct pktc_packet {
	struct pktc_ctx *ctx;
	__u32 frame_len;   /* bytes of the frame, with a tag that the kernel keeps beside it */
	__u32 len;	   /* bytes that can be read: offsets count from the first of them */
	__u32 off;	   /* where the next header begins */
	__u32 end;	   /* where the IP datagram ends, at most len */
	__u32 payload_off; /* where the payload begins */
	__u32 payload_len;
	__u32 known;
	__u32 malformed; /* 0 or 1 */
	__u16 ethertype;
	__u8 proto;
	__u8 frag;
};

/* A header that the packet's linear memory does not hold whole; large enough for any. */
struct pktc_cut {
	__u64 words[5];
};

/* No datagram ends here: the frame alone bounds a header. */
#define PKTC_NO_LIMIT (~0U)

/* Whether the first `have` bytes of a header hold all of `member`. */
#define pktc_covers(have, header, member) \
	((have) >= offsetof(__typeof__(*(header)), member) + sizeof((header)->member))

/* A link-layer address as a number, the first byte on top. */
static __always_inline __u64 pktc_mac(const __be16 *halves)
{
	return (__u64)pktc_ntoh16(halves[0]) << 32 | (__u64)pktc_ntoh16(halves[1]) << 16 |
	       pktc_ntoh16(halves[2]);
}

static __always_inline void pktc_open(struct pktc_packet *p, struct pktc_ctx *ctx)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->ctx = ctx;
	p->len = pktc_length(ctx);
	p->frame_len = p->len;
	p->end = p->len;
}

/*
 * Copies what there is of `size` bytes at `off` before `limit`. Returns how many
 * that was. A global function: the verifier checks it once, and this path is rare.
 */
__noinline __u32 pktc_load(struct pktc_ctx *ctx, struct pktc_cut *cut, __u32 off, __u32 size,
			   __u32 limit)
{
	__u32 have, last;

	if (!cut || off >= limit)
		return 0;
	have = limit - off;
	if (have > size)
		have = size;
	/* From 1 to sizeof(*cut), said so that kernels before 6.8 follow: see pktc_last(). */
	last = pktc_last(have);
	if (last >= sizeof(*cut))
		return 0;
	return pktc_load_bytes(ctx, off, cut, last + 1) ? 0 : last + 1;
}

/*
 * The header of `size` bytes at p->off: in place when it is there whole, else what
 * there is of it, copied into `cut` behind which zeroes follow. `have` is how many
 * of its bytes lie before `limit` and inside the frame.
 */
static __always_inline const void *pktc_header(const struct pktc_packet *p, __u32 size,
					       __u32 limit, struct pktc_cut *cut, __u32 *have)
{
	const void *at;
	__u32 off = p->off;

	/* Older verifiers, such as that of 6.1, forget a bound with a spill: it is said again. */
	if (!__builtin_constant_p(off)) {
		pktc_opaque(off);
		off &= PKTC_OFFSET_MAX;
	}
	if (likely(pktc_in_place(p->ctx, off, size, &at) && off + size <= limit)) {
		*have = size;
		return at;
	}
	__builtin_memset(cut, 0, sizeof(*cut));
	*have = pktc_load(p->ctx, cut, off, size, limit < p->len ? limit : p->len);
	return cut;
}

#endif /* PKTC_PACKET_H */
