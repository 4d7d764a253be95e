/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A program as the runtime expects it, made by hand: rule 0 counts every frame, rule 1
 * drops and logs the frames that begin with 0xee, and carries what lies behind the
 * Ethernet header as payload.
 */
#define PKTC_PAYLOAD_BYTES 32
#ifndef PKTC_RING_BYTES
#define PKTC_RING_BYTES (1U << 16)
#endif

#include <pktc/action_count.h>
#include <pktc/context.h>
#include <pktc/decision.h>
#include <pktc/event.h>

#define ETHERNET_BYTES 14

char pktc_license[] SEC("license") = "Dual MIT/GPL";

static __always_inline void log_frame(struct xdp_md *ctx, struct pktc_logged *logged, __u32 len)
{
	void *ring = pktc_ring();
	struct pktc_event *e = ring ? bpf_ringbuf_reserve(ring, sizeof(*e), 0) : NULL;
	__u32 behind = len - ETHERNET_BYTES;

	if (!e) {
		logged->lost += 1;
		return;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_boot_ns();
	e->rule = 1;
	e->ifindex = ctx->ingress_ifindex;
	e->frame_len = len;
	e->sample = 1;
	e->present = PKTC_EVENT_ETHERTYPE | PKTC_EVENT_ADDRESSES;
	e->ethertype = 0xeeee;
	e->verdict = PKTC_VERDICT_DROP;
	e->family = 4;
	e->src[0] = 10;
	e->src[3] = 1;
	e->dst[0] = 192;
	e->dst[3] = 255;
	if (behind > PKTC_PAYLOAD_BYTES)
		behind = PKTC_PAYLOAD_BYTES;
	pktc_opaque(behind);
	if (behind > 0 && behind <= PKTC_PAYLOAD_BYTES &&
	    !bpf_xdp_load_bytes(ctx, ETHERNET_BYTES, e->payload, behind))
		e->payload_len = behind;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	logged->events += 1;
}

SEC("xdp") int pktc_xdp(struct xdp_md *ctx)
{
	__u8 *data = (__u8 *)(long)ctx->data;
	__u8 *end = (__u8 *)(long)ctx->data_end;
	__u32 len = bpf_xdp_get_buff_len(ctx);
	struct pktc_logged *logged;

	pktc_add(0, len);
	if (data + 1 > end || data[0] != 0xee) {
		pktc_add(2, len);
		return XDP_PASS;
	}
	pktc_add(1, len);
	logged = pktc_logged_by(1);
	if (logged && len >= ETHERNET_BYTES)
		log_frame(ctx, logged, len);
	return XDP_DROP;
}
