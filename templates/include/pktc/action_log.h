/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Logging: one record of the ring buffer an event. What could not be reserved is
 * counted as lost, by the rule that asked for it.
 */
#ifndef PKTC_ACTION_LOG_H
#define PKTC_ACTION_LOG_H

#include <pktc/action_count.h>
#include <pktc/compare.h>
#include <pktc/context.h>
#include <pktc/decision.h>
#include <pktc/event.h>
#include <pktc/fields.h>

/*
 * Waking the reader for each event costs half the packet rate: it is woken when so many bytes more are written, and
 * has a timer besides.
 */
#define PKTC_WAKEUP_BYTES (PKTC_RING_BYTES / 16)

/* What the ring adds to a record, and rounds it up to: BPF_RINGBUF_HDR_SZ in kernel/bpf/ringbuf.c. */
#define PKTC_RING_HEADER_BYTES 8

#define pktc_log_how(verdict, payload) ((verdict) | (payload) << 8)

/* Beside it: the packet has been drawn for the sample. */
#define PKTC_LOG_DRAWN (1U << 31)

/*
 * Wakes the reader with one record in each PKTC_WAKEUP_BYTES of the ring. Where this one lies is told by its distance from
 * another address that belongs to the ring, whatever that is: asking the ring for it takes 9 ns.
 */
static __always_inline __u64 pktc_wakeup(void *ring, const struct pktc_event *e)
{
	__u64 size = (sizeof(*e) + PKTC_RING_HEADER_BYTES + 7) & ~7ULL;
	__u64 place = (__u64)e;

	/* The verifier lets whole addresses be subtracted, and no half of one be copied, as clang would. */
	asm volatile("%0 -= %1" : "+r"(place) : "r"(ring));
	return place % PKTC_WAKEUP_BYTES < size ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* One for each CPU: 64 bits of which the upper half is used. 0: not begun. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pktc_random SEC(".maps");

/* A key in memory of the program's, not on the stack, of which trees have none to spare. */
const volatile __u32 pktc_random_key = 0;

/*
 * Evenly spread over 32 bits. A linear congruential generator (the constants are Knuth's, MMIX), seeded by the kernel's
 * own, which takes five times as long. Who does not see which packets are logged cannot tell what comes next.
 */
static __always_inline __u32 pktc_random32(void)
{
	__u64 *state = bpf_map_lookup_elem(&pktc_random, (const void *)&pktc_random_key);
	__u64 now;

	if (!state)
		return bpf_get_prandom_u32();
	now = *state;
	if (unlikely(!now))
		now = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
	now = now * 6364136223846793005ULL + 1442695040888963407ULL;
	*state = now;
	return now >> 32;
}

static __always_inline void pktc_store32(__u8 *to, __u32 value)
{
	*(__be32 *)to = pktc_ntoh32(value);
}

static __always_inline void pktc_store128(__u8 *to, const struct pktc_u128 *value)
{
	((__be64 *)to)[0] = pktc_ntoh64(value->high);
	((__be64 *)to)[1] = pktc_ntoh64(value->low);
}

static __always_inline __u32 pktc_present(const struct pktc_fields *f)
{
	__u32 present = 0;

	if (pktc_has(f, PKTC_HAS_ETHERTYPE))
		present |= PKTC_EVENT_ETHERTYPE;
	if (pktc_has(f, PKTC_HAS_VLAN))
		present |= PKTC_EVENT_VLAN;
	if (pktc_has(f, PKTC_HAS_PROTO))
		present |= PKTC_EVENT_PROTO;
	if (pktc_has(f, PKTC_HAS_SPORT | PKTC_HAS_DPORT))
		present |= PKTC_EVENT_PORTS;
	if (pktc_has(f, PKTC_HAS_FLAGS))
		present |= PKTC_EVENT_TCP_FLAGS;
	if (pktc_has(f, PKTC_HAS_ICMP_TYPE | PKTC_HAS_ICMP_CODE))
		present |= PKTC_EVENT_ICMP;
	return present;
}

static __always_inline void pktc_describe(struct pktc_event *e, const struct pktc_fields *f)
{
	e->frame_len = f->len;
	e->present = pktc_present(f);
	e->ethertype = f->ethertype;
	e->vlan = f->vlan;
	e->sport = f->sport;
	e->dport = f->dport;
	e->proto = f->proto;
	e->tcp_flags = f->flags;
	e->icmp_type = f->icmp_type;
	e->icmp_code = f->icmp_code;

	e->family = 0;
	__builtin_memset(e->src, 0, sizeof(e->src));
	__builtin_memset(e->dst, 0, sizeof(e->dst));
	if (pktc_has(f, PKTC_HAS_SRC4 | PKTC_HAS_DST4)) {
		e->present |= PKTC_EVENT_ADDRESSES;
		e->family = 4;
		pktc_store32(e->src, f->src4);
		pktc_store32(e->dst, f->dst4);
	} else if (pktc_has(f, PKTC_HAS_SRC6 | PKTC_HAS_DST6)) {
		e->present |= PKTC_EVENT_ADDRESSES;
		e->family = 6;
		pktc_store128(e->src, &f->src6);
		pktc_store128(e->dst, &f->dst6);
	}
}

/* Returns how many of `wanted` bytes of payload went into the record. */
static __always_inline __u32 pktc_copy_payload(struct pktc_ctx *ctx, struct pktc_event *e,
					       const struct pktc_fields *f, __u32 wanted)
{
#if PKTC_PAYLOAD_BYTES > 0
	__u32 last = pktc_last(f->payload_len < wanted ? f->payload_len : wanted);

	if (last >= sizeof(e->payload))
		return 0;
	return pktc_load_bytes(ctx, f->payload_off, e->payload, last + 1) ? 0 : last + 1;
#else
	(void)ctx, (void)e, (void)f, (void)wanted;
	return 0;
#endif
}

#if PKTC_FRAME_BYTES > 0
/*
 * Returns how many bytes of a frame of `len` bytes went into the record: as a capture
 * shows it, with a tag that the kernel keeps beside the packet where it stood on the wire.
 */
static __always_inline __u32 pktc_copy_frame(struct pktc_ctx *ctx, struct pktc_event *e, __u32 len)
{
	const __u32 behind = PKTC_TAG_OFFSET + PKTC_TAG_BYTES;
	__u32 last = pktc_last(len < sizeof(e->frame) ? len : sizeof(e->frame));
	struct pktc_tag tag;

	if (likely(!pktc_kept_tag(ctx, &tag))) {
		if (last >= sizeof(e->frame))
			return 0;
		return pktc_load_bytes(ctx, 0, e->frame, last + 1) ? 0 : last + 1;
	}
	if (pktc_load_bytes(ctx, 0, e->frame, PKTC_TAG_OFFSET))
		return 0;
	e->frame[PKTC_TAG_OFFSET] = tag.proto >> 8;
	e->frame[PKTC_TAG_OFFSET + 1] = tag.proto;
	e->frame[PKTC_TAG_OFFSET + 2] = tag.tci >> 8;
	e->frame[PKTC_TAG_OFFSET + 3] = tag.tci;
	last = pktc_last((len < sizeof(e->frame) ? len : sizeof(e->frame)) - behind);
	if (last >= sizeof(e->frame) - behind)
		return behind;
	return behind +
	       (pktc_load_bytes(ctx, PKTC_TAG_OFFSET, e->frame + behind, last + 1) ? 0 : last + 1);
}
#endif

static __always_inline bool pktc_drawn(__u32 sample)
{
	return sample <= 1 || !((__u64)pktc_random32() * sample >> 32);
}

/* A global function, so that the verifier checks it once and not in every rule that logs. */
__noinline int pktc_log_event(struct pktc_ctx *ctx, struct pktc_fields *f, __u32 rule, __u32 how,
			      __u32 sample)
{
	struct pktc_logged *logged;
	struct pktc_event *e;
	void *ring;

	if (!f || (!(how & PKTC_LOG_DRAWN) && !pktc_drawn(sample)))
		return 0;
	logged = pktc_logged_by(rule);
	ring = pktc_ring();
	if (!ring)
		return 0;
	e = bpf_ringbuf_reserve(ring, sizeof(*e), 0);
	if (!e) {
		if (logged)
			logged->lost += 1;
		return 0;
	}
	pktc_describe(e, f);
	e->time_ns = bpf_ktime_get_boot_ns();
	e->rule = rule;
	e->ifindex = pktc_ifindex(ctx);
	e->sample = sample;
	e->verdict = how & 0xff;
	e->payload_len = pktc_copy_payload(ctx, e, f, (how & ~PKTC_LOG_DRAWN) >> 8);
#if PKTC_FRAME_BYTES > 0
	e->captured = pktc_copy_frame(ctx, e, f->len);
	e->direction = f->direction;
#endif
	bpf_ringbuf_submit(e, pktc_wakeup(ring, e));
	if (logged)
		logged->events += 1;
	return 0;
}

/*
 * Logs one in `sample` packets; `how` is pktc_log_how(). No call for the packets in between where rules are C; where they
 * are data, what drawing takes of registers would be missing on the stack.
 */
static __always_inline void pktc_log(struct pktc_ctx *ctx, struct pktc_fields *f, __u32 rule,
				     __u32 how, __u32 sample)
{
	if (!__builtin_constant_p(sample))
		pktc_log_event(ctx, f, rule, how, sample);
	else if (pktc_drawn(sample))
		pktc_log_event(ctx, f, rule, how | PKTC_LOG_DRAWN, sample);
}

#endif /* PKTC_ACTION_LOG_H */
