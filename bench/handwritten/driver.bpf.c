// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Puts the next packet of a trace into the frame and goes on with the program that is
 * measured, which knows nothing of it. The clock is read once a pass over the trace.
 * Floor A drops; floor B reads every header first.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TRACE 8192
#define FRAME 96
#define PASSES 4096

struct frame {
	__u8 bytes[FRAME];
};

struct frames {
	struct frame at[TRACE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frames);
} trace SEC(".maps");

/* How long each pass took; `cold`: TRACE - 1, or 0 for one packet all along a pass, another in the next. */
struct clock {
	__u32 cold;
	__u32 next;
	__u32 passes;
	__u32 unused;
	__u64 since;
	__u64 pass_ns[PASSES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock);
} passes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} measured SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";

/* In stores of 8 bytes, one of which begins behind the Ethernet header: each field lies in one of them (templates/bench/driver.bpf.c). */
static __always_inline void store(__u8 *to, const __u8 *from)
{
	*(__u64 *)to = *(const __u64 *)from;
}

SEC("xdp") int driver(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__u32 zero = 0, at;
	struct frames *frames = bpf_map_lookup_elem(&trace, &zero);
	struct clock *clock = bpf_map_lookup_elem(&passes, &zero);
	const __u8 *from;
	__u8 *to = data;
	__u64 now;
	int i;

	if (!frames || !clock || data + sizeof(struct frame) > data_end)
		return XDP_ABORTED;
	at = clock->next++ & (TRACE - 1);
	if (at == 0) {
		now = bpf_ktime_get_ns();
		if (clock->since)
			clock->pass_ns[clock->passes++ & (PASSES - 1)] = now - clock->since;
		clock->since = now;
	}
	at = (at & clock->cold) + (clock->passes * 31 & ~clock->cold & (TRACE - 1));
	if (at >= TRACE)
		return XDP_ABORTED;
	from = frames->at[at].bytes;
	store(to, from);
#pragma unroll
	for (i = sizeof(struct ethhdr) % 8; i + 8 <= FRAME; i += 8)
		store(to + i, from + i);
	store(to + FRAME - 8, from + FRAME - 8);
	bpf_tail_call(ctx, &measured, 0);
	return XDP_ABORTED;
}

SEC("xdp") int floor_a(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* Keeps a value from being optimised away. */
#define keep(x) __asm__ volatile("" : : "r"(x))

SEC("xdp") int floor_b(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *data_end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip;
	const struct ipv6hdr *ip6;
	const struct tcphdr *l4;
	const __be16 *tag = (const void *)(eth + 1);
	__u16 type;
	__u8 proto;
	int i;

	if ((const void *)(eth + 1) > data_end)
		return XDP_DROP;
	type = eth->h_proto;
#pragma unroll
	for (i = 0; i < 2; i++) {
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if ((const void *)(tag + 2) > data_end)
			return XDP_DROP;
		type = tag[1];
		tag += 2;
	}
	if (type == bpf_htons(ETH_P_IP)) {
		ip = (const void *)tag;
		if ((const void *)(ip + 1) > data_end || ip->ihl < 5)
			return XDP_DROP;
		keep(ip->saddr);
		keep(ip->daddr);
		proto = ip->frag_off & bpf_htons(0x1fff) ? 255 : ip->protocol;
		l4 = (const void *)ip + ip->ihl * 4;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		ip6 = (const void *)tag;
		if ((const void *)(ip6 + 1) > data_end)
			return XDP_DROP;
		for (i = 0; i < 4; i++) {
			keep(ip6->saddr.s6_addr32[i]);
			keep(ip6->daddr.s6_addr32[i]);
		}
		proto = ip6->nexthdr;
		l4 = (const void *)(ip6 + 1);
	} else {
		return XDP_DROP;
	}
	keep(proto);
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
		if ((const void *)l4 + (proto == IPPROTO_TCP ? 20 : 8) > data_end)
			return XDP_DROP;
		keep(l4->source);
		keep(l4->dest);
	}
	return XDP_DROP;
}
