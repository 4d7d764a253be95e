/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The interface of a packet: a bit for each pattern of the rules that its name has.
 * The loader writes an entry for every interface there is.
 */
#ifndef PKTC_INTERFACE_H
#define PKTC_INTERFACE_H

#include <pktc/context.h>

#define PKTC_INTERFACES_MAX 8192

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PKTC_INTERFACES_MAX);
	__type(key, __u32);
	__type(value, __u64);
} pktc_interfaces SEC(".maps");

/* Fetches the bits into `bits`. Returns false for an interface that the loader does not know. */
static __always_inline bool pktc_interface_bits(struct pktc_ctx *ctx, __u64 *bits)
{
	__u32 ifindex = pktc_ifindex(ctx);
	const __u64 *known = bpf_map_lookup_elem(&pktc_interfaces, &ifindex);

	if (!known)
		return false;
	*bits = *known;
	return true;
}

#endif /* PKTC_INTERFACE_H */
