// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What puts packets in front of a program that is being timed, and the two floors that
 * the time is held against. A test run gives a program the same packet again and again;
 * the driver copies the next one of a trace over it and calls the program in the slot of
 * pktc_bench_call, be it the program under test, unchanged, or a floor.
 *
 * With PKTC_BENCH_ANY packets have lengths of their own, and the program may have changed
 * that of the one before; it takes Linux 5.18. Without, each has PKTC_BENCH_BYTES.
 */
#include <pktc/bpf.h>
#include <pktc/headers.h>

#define PKTC_BENCH_PACKETS 8192
#define PKTC_BENCH_BYTES 96
#define PKTC_BENCH_LONGEST 2048
#define PKTC_BENCH_ROOM (8 << 20)

#define BPF_MAP_TYPE_PROG_ARRAY 3

enum {
	PKTC_BENCH_ABORTED = 0, /* XDP_ABORTED */
	PKTC_BENCH_DROP = 1,	/* XDP_DROP */
	PKTC_BENCH_PASS = 2,	/* XDP_PASS */
};

/* include/uapi/linux/bpf.h, as much of it as is used */
struct xdp_md {
	__u32 data;
	__u32 data_end;
};

static long (*const bpf_tail_call)(void *ctx, void *programs, __u32 at) = (void *)12;

/* Where in the trace it is, written afresh before each run: round and round from `first` to before `end`. */
struct pktc_bench_state {
	__u32 next;
	__u32 first;
	__u32 end;
	__u32 passes; /* to go */
	__u32 sources; /* passes that had sources of their own before */
	__u64 data;   /* where packets began at first, 0: not known yet */
	__u64 parsed; /* what floor B read, so that clang lets it */
	__u64 began;  /* CLOCK_BOOTTIME at the end of the first pass, 0: not yet */
	__u64 ended;  /* and of the last */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_bench_state);
} pktc_bench_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} pktc_bench_call SEC(".maps");

/* One value, so that a packet is an offset and no lookup. */
#ifdef PKTC_BENCH_ANY
struct pktc_bench_packet {
	__u32 offset; /* in `bytes` */
	__u32 length; /* 1 to PKTC_BENCH_LONGEST */
};

struct pktc_bench_packets {
	struct pktc_bench_packet at[PKTC_BENCH_PACKETS];
	__u8 bytes[PKTC_BENCH_ROOM + PKTC_BENCH_LONGEST];
};
#else
struct pktc_bench_packet {
	__u8 bytes[PKTC_BENCH_BYTES];
};

struct pktc_bench_packets {
	struct pktc_bench_packet at[PKTC_BENCH_PACKETS];
};
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pktc_bench_packets);
} pktc_bench_trace SEC(".maps");

/*
 * Packets are copied in stores of 8 bytes, one of which begins behind the Ethernet header, or its tag: so every field lies within one of them.
 * A field that lies in two is read when both have left the processor for its cache, behind all that the packet before took: packets
 * would wait for one another, for 4 to 8 ns each, which those that a network card has put there do not.
 */
#define PKTC_BENCH_STORE 8
#define PKTC_BENCH_NETWORK sizeof(struct pktc_ethernet)
#define PKTC_BENCH_TAGGED_NETWORK (sizeof(struct pktc_ethernet) + sizeof(struct pktc_vlan))
#define PKTC_BENCH_FROM(network) ((network) % PKTC_BENCH_STORE)

static __always_inline bool pktc_bench_tagged(const __u8 *packet)
{
	return ((const struct pktc_ethernet *)packet)->type == pktc_ntoh16(PKTC_TYPE_VLAN);
}

static __always_inline void pktc_bench_store(__u8 *to, const __u8 *from)
{
	*(__u64 *)to = *(const __u64 *)from;
}

#ifdef PKTC_BENCH_ANY

/* So many stores; what is behind them, in one go. */
#define PKTC_BENCH_STORES 15

static long (*const bpf_xdp_adjust_head)(struct xdp_md *ctx, int delta) = (void *)44;
static long (*const bpf_xdp_adjust_tail)(struct xdp_md *ctx, int delta) = (void *)65;
static long (*const bpf_xdp_store_bytes)(struct xdp_md *ctx, __u32 offset, const void *from,
					 __u32 size) = (void *)190;

/* The program before may have put bytes ahead of its packet. A pointer becomes a number by way of memory. */
static __always_inline long pktc_bench_restore(struct xdp_md *ctx, struct pktc_bench_state *state)
{
	__u64 data = ctx->data;
	__u64 first = state->data;
	__s64 ahead;

	*(volatile __u64 *)&state->data = data;
	ahead = first - *(volatile __u64 *)&state->data;
	if (!first || !ahead)
		return 0;
	*(volatile __u64 *)&state->data = first;
	return bpf_xdp_adjust_head(ctx, ahead);
}

/* `first`: where the stores begin that fields lie in. */
static __always_inline bool pktc_bench_pieces(struct xdp_md *ctx, const __u8 *from, __u32 length,
					      const __u32 first)
{
	const __u32 headers = first + PKTC_BENCH_STORES * PKTC_BENCH_STORE;
	__u8 *to = (void *)(__u64)ctx->data;
	const __u8 *end = (void *)(__u64)ctx->data_end;
	__u32 last;

	if (to + sizeof(struct pktc_ethernet) > end)
		return false;
	pktc_bench_store(to, from);
#pragma unroll
	for (__u32 i = first; i < headers; i += PKTC_BENCH_STORE) {
		if (to + i + PKTC_BENCH_STORE > end)
			break;
		pktc_bench_store(to + i, from + i);
	}
	if (length > headers) {
		last = pktc_last(length - headers);
		return last < PKTC_BENCH_LONGEST - headers &&
		       !bpf_xdp_store_bytes(ctx, headers, from + headers, last + 1);
	}
	last = length - PKTC_BENCH_STORE;
	pktc_opaque(last);
	if (last > headers || to + last + PKTC_BENCH_STORE > end)
		return false;
	pktc_bench_store(to + last, from + last);
	return true;
}

static __always_inline bool pktc_bench_copy(struct xdp_md *ctx, struct pktc_bench_state *state,
					    const struct pktc_bench_packets *packets, __u32 at, const bool other)
{
	__u32 offset = packets->at[at].offset, length = packets->at[at].length;
	const __u8 *from;
	long more;

	(void)other;
	if (pktc_bench_restore(ctx, state))
		return false;
	more = (long)length - (long)((__u64)ctx->data_end - (__u64)ctx->data);
	if (more && bpf_xdp_adjust_tail(ctx, more))
		return false;
	pktc_opaque(offset);
	if (offset >= PKTC_BENCH_ROOM)
		return false;
	from = packets->bytes + offset;
	if (unlikely(pktc_bench_tagged(from)))
		return pktc_bench_pieces(ctx, from, length, PKTC_BENCH_FROM(PKTC_BENCH_TAGGED_NETWORK));
	return pktc_bench_pieces(ctx, from, length, PKTC_BENCH_FROM(PKTC_BENCH_NETWORK));
}

#else

/* What is another in sources: bits of their last two bytes, which end a store. */
struct pktc_bench_sources {
	__u64 ipv4;
	__u64 ipv6;
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PKTC_BENCH_LAST_TWO 48
#else
#define PKTC_BENCH_LAST_TWO 0
#endif

/* Passes are numbered down to 1. An odd factor: 65,536 of them have all others. */
static __always_inline struct pktc_bench_sources
pktc_bench_others(const struct pktc_bench_state *state, const __u8 *packet)
{
	const __u8 *type = packet + offsetof(struct pktc_ethernet, type);
	struct pktc_bench_sources others = {};
	__u64 other = (__u64)(__u16)((state->sources + state->passes) * 0x9e37) << PKTC_BENCH_LAST_TWO;

	if (pktc_bench_tagged(packet))
		type += sizeof(struct pktc_vlan);
	if (*(const __be16 *)type == pktc_ntoh16(PKTC_TYPE_IPV4))
		others.ipv4 = other;
	else
		others.ipv6 = other;
	return others;
}

/* The store at `i` of what follows the Ethernet header and its tag, of which the network layer's begins at `network`. */
static __always_inline void pktc_bench_store_at(__u8 *to, const __u8 *from, const __u32 i, const __u32 network,
						struct pktc_bench_sources others)
{
	__u64 value = *(const __u64 *)(from + i);

	if (i + PKTC_BENCH_STORE == network + offsetof(struct pktc_ipv4, daddr))
		value ^= others.ipv4;
	if (i + PKTC_BENCH_STORE == network + offsetof(struct pktc_ipv6, daddr))
		value ^= others.ipv6;
	*(__u64 *)(to + i) = value;
}

static __always_inline void pktc_bench_stores(__u8 *to, const __u8 *from, const __u32 network,
					      struct pktc_bench_sources others)
{
	const __u32 first = PKTC_BENCH_FROM(network), last = PKTC_BENCH_BYTES - PKTC_BENCH_STORE;

	pktc_bench_store(to, from);
#pragma unroll
	for (__u32 i = first; i <= last; i += PKTC_BENCH_STORE)
		pktc_bench_store_at(to, from, i, network, others);
	pktc_bench_store(to + last, from + last);
}

static __always_inline bool pktc_bench_copy(struct xdp_md *ctx, struct pktc_bench_state *state,
					    const struct pktc_bench_packets *packets, __u32 at, const bool other)
{
	const __u8 *from = packets->at[at].bytes;
	struct pktc_bench_sources others = {};
	__u8 *to = (void *)(__u64)ctx->data;

	if ((void *)(to + PKTC_BENCH_BYTES) > (void *)(__u64)ctx->data_end)
		return false;
	if (other)
		others = pktc_bench_others(state, from);
	if (unlikely(pktc_bench_tagged(from)))
		pktc_bench_stores(to, from, PKTC_BENCH_TAGGED_NETWORK, others);
	else
		pktc_bench_stores(to, from, PKTC_BENCH_NETWORK, others);
	return true;
}

#endif

/* At the end of a pass through the trace: the kernel's own figure of a run has no fractions of a nanosecond. */
static __always_inline void pktc_bench_passed(struct pktc_bench_state *state)
{
	state->passes -= 1;
	if (!state->began)
		state->began = bpf_ktime_get_boot_ns();
	else if (!state->passes)
		state->ended = bpf_ktime_get_boot_ns();
}

static __always_inline bool pktc_bench_next(struct xdp_md *ctx, const bool other)
{
	__u32 zero = 0, at;
	struct pktc_bench_state *state = bpf_map_lookup_elem(&pktc_bench_state, &zero);
	struct pktc_bench_packets *packets = bpf_map_lookup_elem(&pktc_bench_trace, &zero);

	if (!state || !packets)
		return false;
	at = state->next;
	if (at + 1 < state->end) {
		state->next = at + 1;
	} else {
		state->next = state->first;
		pktc_bench_passed(state);
	}
	pktc_opaque(at);
	if (at >= PKTC_BENCH_PACKETS)
		return false;
	return pktc_bench_copy(ctx, state, packets, at, other);
}

/* The next packet, to the program that is timed. */
SEC("xdp.frags") int pktc_bench_drive(struct xdp_md *ctx)
{
	if (pktc_bench_next(ctx, false))
		bpf_tail_call(ctx, &pktc_bench_call, 0);
	return PKTC_BENCH_ABORTED;
}

#ifndef PKTC_BENCH_ANY
/* The same, from a source that it had in no pass before: a flood of new flows. */
SEC("xdp.frags") int pktc_bench_flood(struct xdp_md *ctx)
{
	if (pktc_bench_next(ctx, true))
		bpf_tail_call(ctx, &pktc_bench_call, 0);
	return PKTC_BENCH_ABORTED;
}
#endif

/* The next packet, to the kernel: a generator for test runs with live frames. */
SEC("xdp.frags") int pktc_bench_send(struct xdp_md *ctx)
{
	return pktc_bench_next(ctx, false) ? PKTC_BENCH_PASS : PKTC_BENCH_ABORTED;
}

/* Floor A: a program that looks at nothing. */
SEC("xdp.frags") int pktc_bench_floor_run(struct xdp_md *ctx)
{
	(void)ctx;
	return PKTC_BENCH_DROP;
}

static __always_inline __u64 pktc_bench_ports(const __u8 *at, const __u8 *end, __u8 proto)
{
	const struct pktc_tcp *tcp = (const void *)at;
	const struct pktc_udp *udp = (const void *)at;

	if (proto == PKTC_PROTO_TCP && (const __u8 *)(tcp + 1) <= end)
		return (__u64)tcp->source << 16 ^ tcp->dest ^ (__u64)tcp->flags << 32;
	if (proto == PKTC_PROTO_UDP && (const __u8 *)(udp + 1) <= end)
		return (__u64)udp->source << 16 ^ udp->dest;
	return 0;
}

static __always_inline __u64 pktc_bench_ipv4(const __u8 *at, const __u8 *end)
{
	const struct pktc_ipv4 *ip = (const void *)at;
	__u32 header;
	__u64 seen;

	if ((const __u8 *)(ip + 1) > end)
		return 0;
	header = (ip->version_ihl & 15) * 4;
	seen = ((__u64)ip->saddr << 32 | ip->daddr) ^ ip->protocol;
	if (header < sizeof(*ip) || ip->frag_off & pktc_ntoh16(0x1fff))
		return seen;
	return seen ^ pktc_bench_ports(at + header, end, ip->protocol);
}

static __always_inline __u64 pktc_bench_ipv6(const __u8 *at, const __u8 *end)
{
	const struct pktc_ipv6 *ip = (const void *)at;

	if ((const __u8 *)(ip + 1) > end)
		return 0;
	return ip->saddr[0] ^ ip->saddr[1] ^ ip->daddr[0] ^ ip->daddr[1] ^ ip->nexthdr ^
	       pktc_bench_ports(at + sizeof(*ip), end, ip->nexthdr);
}

static __always_inline __u64 pktc_bench_parse(const __u8 *at, const __u8 *end)
{
	const struct pktc_ethernet *ethernet = (const void *)at;
	__be16 type;

	if ((const __u8 *)(ethernet + 1) > end)
		return 0;
	type = ethernet->type;
	at += sizeof(*ethernet);
#pragma unroll
	for (int tags = 0; tags < 2; tags++) {
		const struct pktc_vlan *tag = (const void *)at;

		if (type != pktc_ntoh16(PKTC_TYPE_VLAN) && type != pktc_ntoh16(PKTC_TYPE_QINQ))
			break;
		if ((const __u8 *)(tag + 1) > end)
			return 0;
		type = tag->type;
		at += sizeof(*tag);
	}
	if (type == pktc_ntoh16(PKTC_TYPE_IPV4))
		return pktc_bench_ipv4(at, end);
	if (type == pktc_ntoh16(PKTC_TYPE_IPV6))
		return pktc_bench_ipv6(at, end);
	return type;
}

/* Floor B: a program that reads every header and decides nothing. */
SEC("xdp.frags") int pktc_bench_floor_parse(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct pktc_bench_state *state = bpf_map_lookup_elem(&pktc_bench_state, &zero);

	if (state)
		state->parsed = pktc_bench_parse((void *)(__u64)ctx->data, (void *)(__u64)ctx->data_end);
	return PKTC_BENCH_DROP;
}

char pktc_bench_license[] SEC("license") = "Dual MIT/GPL";
