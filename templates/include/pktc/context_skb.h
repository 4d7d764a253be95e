/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The context of programs that get a socket buffer: tc, socket filters, cgroups.
 * Numbers are those of include/uapi/linux/bpf.h, if_packet.h and pkt_cls.h.
 */
#ifndef PKTC_CONTEXT_SKB_H
#define PKTC_CONTEXT_SKB_H

#include <pktc/hook.h>

#define pktc_ctx __sk_buff

/* What a tc program returns; UNSPEC: the next program, or filter, goes on. */
enum {
	TC_ACT_UNSPEC = -1,
	TC_ACT_SHOT = 2,
	TC_ACT_REDIRECT = 7,
};

/* __sk_buff.pkt_type of a packet that leaves. */
#define PACKET_OUTGOING 4

/* As far as the programs read it. */
struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark;
	__u32 queue_mapping;
	__u32 protocol; /* network byte order */
	__u32 vlan_present;
	__u32 vlan_tci;	  /* host byte order */
	__u32 vlan_proto; /* network byte order */
	__u32 priority;
	__u32 ingress_ifindex;
	__u32 ifindex;
	__u32 tc_index;
	__u32 cb[5];
	__u32 hash;
	__u32 tc_classid;
	__u32 data;
	__u32 data_end;
};

static long (*const bpf_skb_load_bytes)(struct __sk_buff *ctx, __u32 offset, void *to,
					__u32 size) = (void *)26;

/* Bytes that the program can see. Segmentation offload puts many frames into one: up to 64 KiB and more. */
static __always_inline __u32 pktc_length(struct __sk_buff *ctx)
{
	return ctx->len;
}

/* Whether all of the packet can be read in place. */
static __always_inline bool pktc_in_one_piece(struct __sk_buff *ctx)
{
	return ctx->data_end - ctx->data == ctx->len;
}

/* Whether `size` bytes at `off`, at most PKTC_OFFSET_MAX, can be read in place, from `at`. */
static __always_inline bool pktc_in_place(struct __sk_buff *ctx, __u32 off, __u32 size,
					  const void **at)
{
#if PKTC_HOOK == PKTC_HOOK_SOCKET
	/* A socket filter may only copy. */
	(void)ctx, (void)off, (void)size;
	*at = NULL;
	return false;
#else
	*at = (const void *)(long)ctx->data + off;
	return *at + size <= (const void *)(long)ctx->data_end;
#endif
}

/*
 * Copies `size` bytes at `offset`, from 1 to as many as `to` has. Returns 0, or not 0
 * when the packet ends before.
 */
static __always_inline long pktc_load_bytes(struct __sk_buff *ctx, __u32 offset, void *to,
					    __u32 size)
{
	return bpf_skb_load_bytes(ctx, offset, to, size);
}

/* The tag that the kernel or the network card took off, or that the card is to put on. */
static __always_inline bool pktc_kept_tag(struct __sk_buff *ctx, struct pktc_tag *tag)
{
#if PKTC_HOOK == PKTC_HOOK_CGROUP
	(void)ctx, (void)tag;
	return false;
#else
	if (likely(!ctx->vlan_present))
		return false;
	tag->proto = pktc_ntoh16((__u16)ctx->vlan_proto);
	tag->tci = ctx->vlan_tci;
	return true;
#endif
}

/* Where the packet goes, for a hook that sees both ways. */
static __always_inline enum pktc_direction pktc_direction(struct __sk_buff *ctx)
{
	return ctx->pkt_type == PACKET_OUTGOING ? PKTC_EGRESS : PKTC_INGRESS;
}

static __always_inline __u32 pktc_mark(struct __sk_buff *ctx)
{
	return ctx->mark;
}

static __always_inline __u32 pktc_ifindex(struct __sk_buff *ctx)
{
	return ctx->ifindex;
}

#endif /* PKTC_CONTEXT_SKB_H */
