/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Counters: a slot for each rule, and a last one for packets that no verdict
 * caught, for each CPU. An array that user space can map and read in one go; the
 * loader sizes it to CPUs x pktc_counter_stride. What logging counts is in an array of
 * its own (event.h): four slots share a cache line here.
 */
#ifndef PKTC_ACTION_COUNT_H
#define PKTC_ACTION_COUNT_H

#include <pktc/bpf.h>

struct pktc_counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_counter);
} pktc_counters SEC(".maps");

/* Slots a CPU has, written by the loader: rules + 1, rounded up so that CPUs share no cache line. */
const volatile __u32 pktc_counter_stride = 2;

/* Of this CPU, in the whole array. */
static __always_inline __u32 pktc_slot(__u32 rule)
{
	return bpf_get_smp_processor_id() * pktc_counter_stride + rule;
}

/* Plain additions: a program stays on its CPU and is not interrupted by another packet there. */
static __always_inline void pktc_count_some(__u32 slot, __u64 packets, __u64 bytes)
{
	struct pktc_counter *counter = bpf_map_lookup_elem(&pktc_counters, &slot);

	if (counter) {
		counter->packets += packets;
		counter->bytes += bytes;
	}
}

static __always_inline void pktc_count_at(__u32 slot, __u32 bytes)
{
	pktc_count_some(slot, 1, bytes);
}

#ifdef PKTC_TALLIES
#include <pktc/tally.h>
#endif

static __always_inline void pktc_add(__u32 rule, __u32 bytes)
{
#ifdef PKTC_TALLIES
	pktc_note_packet(rule, bytes);
#else
	pktc_count_at(pktc_slot(rule), bytes);
#endif
}

/* For a rule without a verdict. Global, so that many of them cost the verifier one check. */
__noinline int pktc_count(__u32 rule, __u32 bytes)
{
	pktc_add(rule, bytes);
	return 0;
}

#endif /* PKTC_ACTION_COUNT_H */
