/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The walk over a packet's headers: what it has found so far, and how a header
 * is read that may be cut short. docs/packets.md says what each fact means.
 */
#ifndef PKTC_PACKET_H
#define PKTC_PACKET_H

#include <pktc/context.h>
#include <pktc/headers.h>

/* Values of the field `frag`. */
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

/* Where a packet lies, from the first byte that can be read on, and what it begins with. */
struct pktc_span {
	__u32 off;
	__u32 end;
	__u32 type; /* PKTC_TYPE_*; 0: there is no packet */
};

/* Where the walk is. What it finds out is written into struct pktc_fields at once. */
struct pktc_packet {
	struct pktc_ctx *ctx;
	struct pktc_span *inner; /* takes the place of the packet in this one; NULL: nobody asks */
	__u32 base;		 /* where the packet begins; more than 0 in a tunnel alone */
	__u32 len;		 /* where the frame ends, in a tunnel the packet */
	__u32 limit;		 /* len, or PKTC_NO_LIMIT where nothing can be read behind it anyway */
	__u32 off;		 /* where the next header begins */
	__u32 end;		 /* where the IP datagram ends, at most len */
	__u16 type;		 /* PKTC_TYPE_* of what begins at base */
	__u16 ethertype;
	__u8 proto;
};

/*
 * A header that the packet's linear memory does not hold whole; large enough for any.
 * Where no header is being read, the arguments of longer walks lie here: a program has
 * 512 bytes of stack for all its functions.
 */
struct pktc_cut {
	__u64 words[5];
};

#define pktc_reuse(cut, type)                                                    \
	({                                                                       \
		_Static_assert(sizeof(type) <= sizeof(struct pktc_cut), #type);  \
		(type *)__builtin_memset(cut, 0, sizeof(type));                  \
	})

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

/* What the first byte that can be read belongs to: a link-layer header, or at a cgroup a network-layer one. */
static __always_inline __u16 pktc_first_type(struct pktc_ctx *ctx)
{
#if PKTC_HOOK == PKTC_HOOK_CGROUP
	return pktc_ntoh16((__u16)ctx->protocol);
#else
	(void)ctx;
	return PKTC_TYPE_ETHERNET;
#endif
}

static __always_inline void pktc_open(struct pktc_packet *p, struct pktc_ctx *ctx)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->ctx = ctx;
	p->type = pktc_first_type(ctx);
	p->len = pktc_length(ctx);
	p->limit = PKTC_NO_LIMIT;
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

	if (likely(off <= PKTC_OFFSET_MAX)) {
		/* Older verifiers, such as that of 6.1, forget a bound with a spill: it is said again. */
		if (!__builtin_constant_p(off)) {
			pktc_opaque(off);
			off &= PKTC_OFFSET_MAX;
		}
		if (likely(pktc_in_place(p->ctx, off, size, &at) && off + size <= limit)) {
			*have = size;
			return at;
		}
	}
	__builtin_memset(cut, 0, sizeof(*cut));
	*have = pktc_load(p->ctx, cut, p->off, size, limit < p->len ? limit : p->len);
	return cut;
}

#endif /* PKTC_PACKET_H */
