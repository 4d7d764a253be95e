/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Room for the fields of the packet in a tunnel where the stack has none: one a CPU. For
 * programs that are not interrupted by another packet on their CPU, so not at a cgroup.
 */
#ifndef PKTC_INNER_ROOM_H
#define PKTC_INNER_ROOM_H

#include <pktc/fields.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_fields);
} pktc_inner SEC(".maps");

/* The fields, all of whose bytes are zero. NULL is for the verifier alone: the element is always there. */
static __always_inline struct pktc_fields *pktc_inner_room(void)
{
	__u32 key = 0;
	struct pktc_fields *in = bpf_map_lookup_elem(&pktc_inner, &key);

	if (in)
		__builtin_memset(in, 0, sizeof(*in));
	return in;
}

#endif /* PKTC_INNER_ROOM_H */
