/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* How an answer leaves from XDP: in the frame of the packet, by the way that it came. */
#ifndef PKTC_ANSWER_XDP_H
#define PKTC_ANSWER_XDP_H

#include <pktc/answer_transport.h>
#include <pktc/return.h>

static long (*const bpf_xdp_adjust_head)(struct xdp_md *ctx, int delta) = (void *)44;
static long (*const bpf_xdp_adjust_tail)(struct xdp_md *ctx, int delta) = (void *)65;
static long (*const bpf_xdp_store_bytes)(struct xdp_md *ctx, __u32 offset, const void *from,
					 __u32 size) = (void *)190;

static __always_inline void pktc_answer_sum(struct pktc_answers *a, bool partial);

static __always_inline bool pktc_store(struct xdp_md *ctx, __u32 offset, const __u8 *from,
				       __u32 size, __u32 room)
{
	__u32 last = pktc_last(size);

	return last < room && !bpf_xdp_store_bytes(ctx, offset, from, last + 1);
}

static __always_inline int pktc_send_answer(struct xdp_md *ctx, struct pktc_answers *a,
					    enum pktc_direction direction)
{
	int more = a->link_len + a->head_len + a->quoted - pktc_length(ctx);

	(void)direction;
	pktc_answer_sum(a, false);
	/* Drivers leave room ahead of a frame, but not always behind it. */
	if (more > 0 && bpf_xdp_adjust_head(ctx, -more))
		return XDP_DROP;
	if (more < 0 && bpf_xdp_adjust_tail(ctx, more))
		return XDP_DROP;
	if (!pktc_store(ctx, 0, a->link, a->link_len, sizeof(a->link)) ||
	    !pktc_store(ctx, a->link_len, a->head, a->head_len, sizeof(a->head)))
		return XDP_DROP;
	if (a->quoted && !pktc_store(ctx, a->link_len + a->head_len, a->quote, a->quoted,
				     PKTC_QUOTE6_BYTES))
		return XDP_DROP;
	return XDP_TX;
}

#endif /* PKTC_ANSWER_XDP_H */
