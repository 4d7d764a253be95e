/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * How an answer leaves from tc: what came in goes out of the interface again, what was
 * to go out comes in at it.
 */
#ifndef PKTC_ANSWER_SKB_H
#define PKTC_ANSWER_SKB_H

#include <pktc/answer_transport.h>
#include <pktc/return.h>

/* Keeps a checksum right that the network card has counted over the packet. */
#define BPF_F_RECOMPUTE_CSUM 1

static long (*const bpf_skb_store_bytes)(struct __sk_buff *ctx, __u32 offset, const void *from,
					 __u32 size, __u64 flags) = (void *)9;
static long (*const bpf_l4_csum_replace)(struct __sk_buff *ctx, __u32 offset, __u64 from, __u64 to,
					 __u64 flags) = (void *)11;
static long (*const bpf_skb_change_tail)(struct __sk_buff *ctx, __u32 size,
					 __u64 flags) = (void *)38;

static __always_inline void pktc_answer_sum(struct pktc_answers *a, bool partial);

static __always_inline bool pktc_store(struct __sk_buff *ctx, __u32 offset, const __u8 *from,
				       __u32 size, __u32 room)
{
	__u32 last = pktc_last(size);

	return last < room &&
	       !bpf_skb_store_bytes(ctx, offset, from, last + 1, BPF_F_RECOMPUTE_CSUM);
}

/*
 * Whether the checksum is still to be completed by a network card (CHECKSUM_PARTIAL),
 * which no member tells: the helper changes a checksum unless it is. 1, 0, or -1 when
 * the helper fails. Writes over the two bytes at `offset`.
 */
static __always_inline int pktc_is_partial(struct __sk_buff *ctx, __u32 offset)
{
	__be16 check = 0;

	if (bpf_skb_store_bytes(ctx, offset, &check, sizeof(check), BPF_F_RECOMPUTE_CSUM) ||
	    bpf_l4_csum_replace(ctx, offset, 0, 1, 0) ||
	    bpf_skb_load_bytes(ctx, offset, &check, sizeof(check)))
		return -1;
	return check == 0;
}

#ifdef PKTC_BOTH_WAYS
/* In __sk_buff.tc_index, which nothing else uses: the program of the other direction lets the answer by. */
#define PKTC_ANSWER_SIGN 0x706b

static __always_inline bool pktc_is_answer(struct __sk_buff *ctx)
{
	if (likely(ctx->tc_index != PKTC_ANSWER_SIGN))
		return false;
	ctx->tc_index = 0;
	return true;
}
#endif

static __always_inline int pktc_send_answer(struct __sk_buff *ctx, struct pktc_answers *a,
					    enum pktc_direction direction)
{
	__u32 end = a->head_len + a->quoted;
	int partial;

	/* The kernel lets no packet end ahead of where it found the transport header: padding fills up. */
	if (end < a->transport)
		end = a->transport;
	if (bpf_skb_change_tail(ctx, a->link_len + end, 0))
		return TC_ACT_SHOT;
	partial = pktc_is_partial(ctx, a->link_len);
	/* Only where the card's checksum stays what it is; see pktc_answer_sum(). */
	if (partial < 0 || (partial && (!a->partial || a->transport != a->ip_len)))
		return TC_ACT_SHOT;
	pktc_answer_sum(a, partial);
	if (!pktc_store(ctx, 0, a->link, a->link_len, sizeof(a->link)) ||
	    !pktc_store(ctx, a->link_len, a->head, a->head_len, sizeof(a->head)))
		return TC_ACT_SHOT;
	if (a->quoted && !pktc_store(ctx, a->link_len + a->head_len, a->quote, a->quoted,
				     PKTC_QUOTE6_BYTES))
		return TC_ACT_SHOT;
#ifdef PKTC_BOTH_WAYS
	ctx->tc_index = PKTC_ANSWER_SIGN;
#endif
	/*
	 * What leaves by loopback comes in by itself, and only so does it keep the route
	 * without which packets between 127.0.0.0/8 are taken for forged.
	 */
	if (direction == PKTC_EGRESS && !pktc_is_loopback_link(a))
		return bpf_redirect(ctx->ifindex, BPF_F_INGRESS);
	return bpf_redirect(ctx->ifindex, 0);
}

#endif /* PKTC_ANSWER_SKB_H */
