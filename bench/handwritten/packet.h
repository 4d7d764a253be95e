/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the three hand-written programs share: what they know of a packet, and a counter a rule. */
#ifndef HANDWRITTEN_PACKET_H
#define HANDWRITTEN_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifndef RULES
#error "say how many rules there are"
#endif

struct counter {
	__u64 packets;
	__u64 bytes;
};

/* One a rule, and a last one for what no rule decides. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RULES + 1);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";

static __always_inline void count(__u32 rule, __u32 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(&counters, &rule);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

static __always_inline int decide(__u32 rule, __u32 bytes, int verdict)
{
	count(rule, bytes);
	return verdict;
}

struct address6 {
	__u64 high;
	__u64 low;
};

/* In host byte order. */
struct packet {
	struct address6 src6, dst6;
	__u32 src, dst;
	__u32 bytes;
	__u16 ethertype;
	__u16 sport, dport;
	__u8 family; /* 4 or 6; 0: no source address */
	__u8 proto;
	__u8 flags;
	__u8 icmp_type;
	bool has_dst, has_proto, has_sport, has_dport, has_flags, has_icmp;
	bool later; /* a fragment, and not the first */
};

/* The same for IPv4 and IPv6: /n is compared with n bits of these. */
static __always_inline bool in4(__u32 address, __u32 net, int bits)
{
	return (address ^ net) >> (32 - bits) == 0;
}

static __always_inline bool in6(struct address6 address, __u64 high, int bits)
{
	return (address.high ^ high) >> (64 - bits) == 0;
}

#endif /* HANDWRITTEN_PACKET_H */
