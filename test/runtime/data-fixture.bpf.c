/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A program whose rules are data, made by hand. A rule is a range of numbers: the 32-bit
 * big-endian number behind a frame's Ethernet header goes to the first rule whose range
 * has it. `actions` of the head and the last word of the data are the number of the set:
 * a program that saw two sets of rules at once would answer XDP_ABORTED, and so would one
 * that was told of a generation before its data were there.
 */
#define PKTC_PAYLOAD_BYTES 0
#define PKTC_TALLIES 1
#ifndef PKTC_RING_BYTES
#define PKTC_RING_BYTES (1U << 16)
#endif
/* Another value is another object. */
#ifndef FIXTURE_MARK
#define FIXTURE_MARK 0
#endif

#define PKTC_FLOW_LINES4 2
#define PKTC_FLOW_LINES6 2

#include <pktc/action_count.h>
#include <pktc/context.h>
#include <pktc/data.h>
#include <pktc/decision.h>
#include <pktc/event.h>
#include <pktc/flow_cache.h>

#define NUMBER_AT 14
#define SCAN_RULES 64
#define XDP_ABORTED 0

char pktc_license[] SEC("license") = "Dual MIT/GPL";

const volatile __u32 fixture_mark = FIXTURE_MARK;

/* As in <pktc/plain.h>; no packet has a line. */
__u32 pktc_generation = 0;

/* Beside the rule table, at the same row. Verdicts are those of XDP; 4 and up: the same, and logged. */
struct range {
	__u32 low, high, verdict, unused;
};

static __always_inline void log_frame(struct xdp_md *ctx, __u32 slot, __u32 len)
{
	void *ring = pktc_ring();
	struct pktc_event *e = ring ? bpf_ringbuf_reserve(ring, sizeof(*e), 0) : NULL;
	struct pktc_logged *logged = pktc_logged_by(slot);

	if (!e || !logged) {
		if (e)
			bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
		return;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_boot_ns();
	e->rule = slot;
	e->ifindex = ctx->ingress_ifindex;
	e->frame_len = len;
	e->sample = 1;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	logged->events += 1;
}

SEC("xdp") int pktc_xdp(struct xdp_md *ctx)
{
	__u8 *packet = (__u8 *)(long)ctx->data;
	__u8 *end = (__u8 *)(long)ctx->data_end;
	__u32 len = bpf_xdp_get_buff_len(ctx), generation = pktc_read(pktc_generation);
	const __u8 *data = pktc_data();
	const struct pktc_data_head *head = (const void *)data;
	const __u32 *last;
	__u32 number, count, at;
	volatile __u32 mark = FIXTURE_MARK; /* among the instructions, so that the kernel's tag tells it, too */

	(void)mark;
	if (packet + NUMBER_AT + 4 > end)
		return XDP_PASS;
	number = pktc_ntoh32(*(__u32 *)(packet + NUMBER_AT));
	if (!data || head->generation < generation)
		return XDP_ABORTED;
	count = pktc_read(head->rules);
	at = pktc_read(head->action_off);
	for (__u32 row = 0; row < SCAN_RULES && row < count; row++, at += sizeof(struct range)) {
		const struct range *range = pktc_data_at(data, at, sizeof(*range));
		const struct pktc_rule *rule = pktc_rule_at(data, row);

		if (!range || !rule)
			return XDP_ABORTED;
		if (number >= pktc_read(range->low) && number <= pktc_read(range->high)) {
			__u32 slot = pktc_read(rule->slot);

			pktc_add(slot, len);
			if (range->verdict >= 4)
				log_frame(ctx, slot, len);
			last = pktc_data_at(data, pktc_read(head->bytes) - 4, 4);
			if (!last || *last != pktc_read(head->actions))
				return XDP_ABORTED;
			return range->verdict & 3;
		}
	}
	pktc_add(PKTC_DEFAULT_SLOT, len);
	return XDP_PASS;
}
