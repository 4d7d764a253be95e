/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The event record and the ring it travels in. User space decodes it from BTF, so
 * members may move; what they mean is stated here.
 */
#ifndef PKTC_EVENT_H
#define PKTC_EVENT_H

#include <pktc/action_count.h>

/* A program that logs payload says how much a record can hold. */
#ifndef PKTC_PAYLOAD_BYTES
#define PKTC_PAYLOAD_BYTES 0
#endif

/* A program whose events are written as packets: how much of each frame a record carries, from its start on. */
#ifndef PKTC_FRAME_BYTES
#define PKTC_FRAME_BYTES 0
#endif

/* Of a ring at least: the loader makes them as large as it has room for. */
#ifndef PKTC_RING_BYTES
#define PKTC_RING_BYTES (1U << 20)
#endif

/* Bits of pktc_event.present: members whose packet had them. */
enum pktc_event_bit {
	PKTC_EVENT_ETHERTYPE = 1U << 0,
	PKTC_EVENT_VLAN = 1U << 1,
	PKTC_EVENT_ADDRESSES = 1U << 2,
	PKTC_EVENT_PROTO = 1U << 3,
	PKTC_EVENT_PORTS = 1U << 4,
	PKTC_EVENT_TCP_FLAGS = 1U << 5,
	PKTC_EVENT_ICMP = 1U << 6,
};

/* Written in words, so aligned to them. */
typedef __u8 pktc_address[16] __attribute__((aligned(8)));

/* Host byte order, but for the addresses. Absent members are 0. */
struct pktc_event {
	__u64 time_ns;	    /* since boot, CLOCK_BOOTTIME */
	pktc_address src;   /* network byte order; IPv4 in the first four bytes */
	pktc_address dst;
	__u32 rule;
	__u32 ifindex;
	__u32 frame_len;
	__u32 sample;	    /* one event for so many packets; 1: each */
	__u32 present;	    /* enum pktc_event_bit */
	__u16 ethertype;
	__u16 vlan;
	__u16 sport;
	__u16 dport;
	__u16 payload_len;  /* bytes of `payload` that count */
	__u8 proto;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 verdict;	    /* of this rule: enum pktc_verdict */
	__u8 family;	    /* 0, 4 or 6 */
	__u8 payload[PKTC_PAYLOAD_BYTES];
#if PKTC_FRAME_BYTES > 0
	__u16 captured;	    /* bytes of `frame` that count */
	__u8 direction;	    /* enum pktc_direction */
	__u8 frame[PKTC_FRAME_BYTES];
#endif
};

/* Never read: nothing else would put the record and its bits into BTF. */
const struct pktc_event *const volatile pktc_event_anchor = NULL;
const enum pktc_event_bit *const volatile pktc_event_bit_anchor = NULL;

struct pktc_event_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PKTC_RING_BYTES);
};

/*
 * The loader makes as many rings as the machine has use for, a power of two: a CPU always
 * writes to the same one, so its events stay in order, and few CPUs wait for one lock.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct pktc_event_ring);
} pktc_events SEC(".maps");

/* Written by the loader: rings less one. */
const volatile __u32 pktc_ring_mask = 0;

/* NULL is for the verifier alone. */
static __always_inline void *pktc_ring(void)
{
	__u32 index = bpf_get_smp_processor_id() & pktc_ring_mask;

	return bpf_map_lookup_elem(&pktc_events, &index);
}

/* What became of a rule's events: slots as those of its counters, of which the loader makes as many. */
struct pktc_logged {
	__u64 events; /* handed to user space */
	__u64 lost;   /* found the ring full */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_logged);
} pktc_logged SEC(".maps");

static __always_inline struct pktc_logged *pktc_logged_by(__u32 rule)
{
	__u32 slot = pktc_slot(rule);

	return bpf_map_lookup_elem(&pktc_logged, &slot);
}

#endif /* PKTC_EVENT_H */
