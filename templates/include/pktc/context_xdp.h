/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The context of XDP programs. Numbers are those of include/uapi/linux/bpf.h. */
#ifndef PKTC_CONTEXT_XDP_H
#define PKTC_CONTEXT_XDP_H

#include <pktc/hook.h>

#define pktc_ctx xdp_md

enum xdp_action {
	XDP_DROP = 1,
	XDP_PASS = 2,
	XDP_TX = 3,
	XDP_REDIRECT = 4,
};

struct xdp_md {
	__u32 data;
	__u32 data_end;
	__u32 data_meta;
	__u32 ingress_ifindex;
	__u32 rx_queue_index;
	__u32 egress_ifindex;
};

static __u64 (*const bpf_xdp_get_buff_len)(struct xdp_md *ctx) = (void *)188;
static long (*const bpf_xdp_load_bytes)(struct xdp_md *ctx, __u32 offset, void *to,
					__u32 size) = (void *)189;

/* Frames in several pieces, and the helpers for them, came with 5.18. */
static __always_inline bool pktc_has_fragments(void)
{
	return LINUX_KERNEL_VERSION >= PKTC_KERNEL_VERSION(5, 18);
}

/* The kernel's own context, as much of it as is read; where the flags lie, libbpf finds out. */
struct xdp_buff {
	__u32 flags;
} __attribute__((preserve_access_index));

/* enum xdp_buff_flags in include/net/xdp.h */
#define XDP_FLAGS_HAS_FRAGS (1U << 0)

#if __clang_major__ >= 13
/* Since 6.2; the verifier makes a move of it. Older versions of clang do not describe such a function. */
#define PKTC_KERNEL_CONTEXT 1
extern void *bpf_cast_to_kern_ctx(void *ctx) SEC_EXTERN(".ksyms") __attribute__((weak));
#else
#define PKTC_KERNEL_CONTEXT 0
static inline void *bpf_cast_to_kern_ctx(void *ctx)
{
	return ctx;
}
#endif

/*
 * Whether all of the frame lies between data and data_end, the end of the first piece,
 * which a driver may make as short as it likes. Without a call, which would take longer
 * than reading all headers.
 */
static __always_inline bool pktc_in_one_piece(struct xdp_md *ctx)
{
	const struct xdp_buff *xdp;

	if (PKTC_KERNEL_CONTEXT && LINUX_KERNEL_VERSION >= PKTC_KERNEL_VERSION(6, 2)) {
		xdp = bpf_cast_to_kern_ctx(ctx);
		return !(xdp->flags & XDP_FLAGS_HAS_FRAGS);
	}
	if (pktc_has_fragments())
		return bpf_xdp_get_buff_len(ctx) == ctx->data_end - ctx->data;
	return true;
}

/* Bytes that the program can see. */
static __always_inline __u32 pktc_length(struct xdp_md *ctx)
{
	if (pktc_has_fragments() && !pktc_in_one_piece(ctx))
		return bpf_xdp_get_buff_len(ctx);
	return ctx->data_end - ctx->data;
}

/* Whether `size` bytes at `off`, at most PKTC_OFFSET_MAX, can be read in place, from `at`. */
static __always_inline bool pktc_in_place(struct xdp_md *ctx, __u32 off, __u32 size,
					  const void **at)
{
	*at = (const void *)(long)ctx->data + off;
	return *at + size <= (const void *)(long)ctx->data_end;
}

/*
 * Copies `size` bytes at `offset`, from 1 to as many as `to` has. Returns 0, or not 0
 * when the frame ends before.
 */
static __always_inline long pktc_load_bytes(struct xdp_md *ctx, __u32 offset, void *to, __u32 size)
{
	const __u8 *from;
	__u32 i;

	if (pktc_has_fragments())
		return bpf_xdp_load_bytes(ctx, offset, to, size);
	/* From a narrow field, clang would make a test of the sign of it, which bounds nothing. */
	pktc_opaque(offset);
	if (offset > PKTC_OFFSET_MAX)
		return -1;
	from = (const __u8 *)(long)ctx->data + offset;
	for (i = 0; i < size; i++, from++) {
		if ((const void *)(from + 1) > (const void *)(long)ctx->data_end)
			return -1;
		((__u8 *)to)[i] = *from;
	}
	return 0;
}

/* A tag that the network card took off is lost here: `ethtool -K IFACE rxvlan off` leaves it in the frame. */
static __always_inline bool pktc_kept_tag(struct xdp_md *ctx, struct pktc_tag *tag)
{
	(void)ctx, (void)tag;
	return false;
}

static __always_inline __u32 pktc_ifindex(struct xdp_md *ctx)
{
	return ctx->ingress_ifindex;
}

#endif /* PKTC_CONTEXT_XDP_H */
