/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Counting for many rules, whose counters are in no cache: a packet that adds to one waits
 * for its line of memory, and the next packet waits behind it. So packets are noted one after
 * the other, and added up some at a time, when their lines are all on their way together.
 * Who reads the counters adds what is noted and not added yet: runtime/tallies.ts.
 */
#ifndef PKTC_TALLY_H
#define PKTC_TALLY_H

#include <pktc/action_count.h>

/* A power of two. */
#define PKTC_TALLY_PACKETS 32

/* Of one CPU. Both numbers go round at 2^32. */
struct pktc_tally {
	__u32 noted; /* packets */
	__u32 added; /* of them to their counters; PKTC_TALLY_PACKETS behind while it happens */
	__u64 packets[PKTC_TALLY_PACKETS]; /* slot << 32 | bytes */
} __attribute__((aligned(64)));

/* One a CPU: the loader makes as many. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_tally);
} pktc_tallies SEC(".maps");

/* A function: a packet in so many calls it. */
static __noinline __returns int pktc_add_up(struct pktc_tally *tally)
{
	__u32 first = pktc_slot(0), i;
	__u64 packet;

	if (!tally)
		return 0;
	for (i = 0; i < PKTC_TALLY_PACKETS; i++) {
		packet = tally->packets[i];
		pktc_count_at(first + (packet >> 32), packet);
	}
	pktc_write(tally->added, tally->added + PKTC_TALLY_PACKETS);
	return 0;
}

static __always_inline void pktc_note_packet(__u32 rule, __u32 bytes)
{
	__u32 cpu = bpf_get_smp_processor_id(), noted;
	struct pktc_tally *tally = bpf_map_lookup_elem(&pktc_tallies, &cpu);

	if (!tally)
		return;
	noted = tally->noted;
	pktc_write(tally->packets[noted % PKTC_TALLY_PACKETS], (__u64)rule << 32 | bytes);
	pktc_write(tally->noted, noted + 1);
	if (unlikely(noted % PKTC_TALLY_PACKETS == PKTC_TALLY_PACKETS - 1))
		pktc_add_up(tally);
}

#endif /* PKTC_TALLY_H */
