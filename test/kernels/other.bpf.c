/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Somebody else's XDP program: it counts what it sees, and passes it. xdp-loader gives the map a name. */
#include <pktc/bpf.h>
#include <pktc/context.h>

char other_license[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

SEC("xdp") int other(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&seen, &key);

	if (ctx && count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS;
}
