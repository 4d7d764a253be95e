/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Reads a packet as docs/packets.md means it, and asks rules(), which stands ahead of this. Written as one would by hand for
 * speed, with the headers of Linux and libbpf: packets as most are go down a short path, each kind with a copy of the rules of
 * its own, so that what is known of it need not be asked again. Whatever is odd about a packet is left to read_packet().
 */
#ifndef HANDWRITTEN_WALK_H
#define HANDWRITTEN_WALK_H

#include "packet.h"

/* The chain of IPv6 extension headers, which few packets have. */
struct chain {
	__u32 off;
	__u32 end;
	__u8 proto;
	bool later;
	bool transport; /* it begins at off */
	bool broken;
};

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_FRAGMENT ||
	       next == IPPROTO_AH || next == IPPROTO_DSTOPTS;
}

static __noinline int walk(struct xdp_md *ctx, struct chain *c)
{
	__u8 ext[8];
	__u32 i, len;
	__u8 kind;

	c->broken = true;
	for (i = 0; i < 9; i++) {
		kind = c->proto;
		if (!is_extension(kind)) {
			c->broken = false;
			c->transport = true;
			return 0;
		}
		if (i == 8 || c->off + 8 > c->end || bpf_xdp_load_bytes(ctx, c->off, ext, 8))
			return 0;
		c->proto = ext[0];
		if (kind == IPPROTO_FRAGMENT) {
			if ((ext[2] << 8 | ext[3]) & 0xfff8) {
				c->later = true;
				c->broken = false;
				return 0;
			}
			len = 8;
		} else if (kind == IPPROTO_AH) {
			len = (ext[1] + 2) * 4;
		} else {
			len = (ext[1] + 1) * 8;
		}
		if (c->off + len > c->end)
			return 0;
		c->off += len;
	}
	return 0;
}

/* The transport header at `l4`, `room` bytes before the end of the datagram. */
static __always_inline void read_transport(struct packet *p, const void *l4, __u32 room,
					   const void *data_end)
{
	const struct tcphdr *tcp = l4;
	const __be16 *ports = l4;

	switch (p->proto) {
	case IPPROTO_TCP:
		if (likely(room >= 14 && l4 + 14 <= data_end)) {
			p->flags = ((const __u8 *)tcp)[13];
			p->has_flags = true;
		}
		/* fall through */
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		if (likely(room >= 4 && l4 + 4 <= data_end)) {
			p->sport = bpf_ntohs(ports[0]);
			p->dport = bpf_ntohs(ports[1]);
			p->has_sport = p->has_dport = true;
		} else if (room >= 2 && l4 + 2 <= data_end) {
			p->sport = bpf_ntohs(ports[0]);
			p->has_sport = true;
		}
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (p->proto == (p->ethertype == ETH_P_IP ? IPPROTO_ICMP : IPPROTO_ICMPV6) &&
		    room >= 1 && l4 + 1 <= data_end) {
			p->icmp_type = *(const __u8 *)l4;
			p->has_icmp = true;
		}
	}
}

static __always_inline void read_ipv4(struct packet *p, const void *l3, const void *data_end)
{
	const struct iphdr *ip = l3;
	__u32 rest = data_end - l3, header, total, room;

	if (unlikely((const void *)(ip + 1) > data_end)) {
		if (l3 + 8 <= data_end)
			p->later = ip->frag_off & bpf_htons(0x1fff);
		if (l3 + 10 <= data_end) {
			p->proto = ip->protocol;
			p->has_proto = true;
		}
		if (l3 + 16 <= data_end) {
			p->src = bpf_ntohl(ip->saddr);
			p->family = 4;
		}
		return;
	}
	p->family = 4;
	p->src = bpf_ntohl(ip->saddr);
	p->dst = bpf_ntohl(ip->daddr);
	p->has_dst = true;
	p->proto = ip->protocol;
	p->has_proto = true;
	p->later = ip->frag_off & bpf_htons(0x1fff);
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || header > rest || (total && total < header) ||
	    p->later)
		return;
	room = (total && total <= rest ? total : rest) - header;
	read_transport(p, l3 + header, room, data_end);
}

static __always_inline void read_ipv6(struct xdp_md *ctx, struct packet *p, const void *data,
				      const void *l3, const void *data_end)
{
	const struct ipv6hdr *ip = l3;
	const __be64 *words = l3 + 8;
	__u32 rest = data_end - l3, payload, room;
	struct chain c;

	if (unlikely((const void *)(ip + 1) > data_end)) {
		if (l3 + 24 <= data_end) {
			p->src6.high = bpf_be64_to_cpu(words[0]);
			p->src6.low = bpf_be64_to_cpu(words[1]);
			p->family = 6;
		}
		return;
	}
	p->family = 6;
	p->src6.high = bpf_be64_to_cpu(words[0]);
	p->src6.low = bpf_be64_to_cpu(words[1]);
	p->dst6.high = bpf_be64_to_cpu(words[2]);
	p->dst6.low = bpf_be64_to_cpu(words[3]);
	p->has_dst = true;
	if (ip->version != 6)
		return;
	rest -= sizeof(*ip);
	payload = bpf_ntohs(ip->payload_len);
	room = payload && payload <= rest ? payload : rest;
	p->proto = ip->nexthdr;
	if (likely(!is_extension(p->proto))) {
		p->has_proto = true;
		read_transport(p, ip + 1, room, data_end);
		return;
	}
	if (payload > rest)
		return;
	__builtin_memset(&c, 0, sizeof(c));
	c.off = (const void *)(ip + 1) - data;
	c.end = c.off + room;
	c.proto = p->proto;
	walk(ctx, &c);
	if (c.broken)
		return;
	p->has_proto = true;
	p->proto = c.proto;
	p->later = c.later;
	if (c.transport && c.off <= 0x7fff)
		read_transport(p, data + c.off, c.end - c.off, data_end);
}

static __always_inline void read_packet(struct xdp_md *ctx, struct packet *p)
{
	const void *data = (const void *)(long)ctx->data, *data_end = (const void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	const __be16 *tag;
	__u16 type;
	int i;

	p->bytes = data_end - data;
	if ((const void *)(eth + 1) > data_end)
		return;
	type = eth->h_proto;
	tag = (const void *)(eth + 1);
#pragma unroll
	for (i = 0; i < 2; i++) {
		if (likely(type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD) &&
			   type != bpf_htons(ETH_P_QINQ1)))
			break;
		if ((const void *)(tag + 2) > data_end)
			return;
		type = tag[1];
		tag += 2;
	}
	p->ethertype = bpf_ntohs(type);
	if (p->ethertype == ETH_P_IP)
		read_ipv4(p, tag, data_end);
	else if (p->ethertype == ETH_P_IPV6)
		read_ipv6(ctx, p, data, tag, data_end);
}

/* Cut, fragmented, with options or extension headers, with a length that lies. */
static __noinline int odd(struct xdp_md *ctx)
{
	struct packet p = {};

	read_packet(ctx, &p);
	return rules(&p);
}

/* The transport header at `l4`, `room` bytes before the end of the datagram, which lies in the frame. */
static __always_inline int transport(struct xdp_md *ctx, struct packet *p, const void *l4, __u32 room,
				     __u8 proto, __u8 icmp)
{
	const void *data_end = (const void *)(long)ctx->data_end;
	const struct tcphdr *tcp = l4;
	const struct udphdr *udp = l4;

	p->has_proto = true;
	if (proto == IPPROTO_TCP) {
		if (unlikely(room < sizeof(*tcp) || (const void *)(tcp + 1) > data_end))
			return odd(ctx);
		p->proto = IPPROTO_TCP;
		p->sport = bpf_ntohs(tcp->source);
		p->dport = bpf_ntohs(tcp->dest);
		p->flags = ((const __u8 *)tcp)[13];
		p->has_sport = p->has_dport = p->has_flags = true;
		return rules(p);
	}
	if (proto == IPPROTO_UDP) {
		if (unlikely(room < sizeof(*udp) || (const void *)(udp + 1) > data_end))
			return odd(ctx);
		p->proto = IPPROTO_UDP;
		p->sport = bpf_ntohs(udp->source);
		p->dport = bpf_ntohs(udp->dest);
		p->has_sport = p->has_dport = true;
		return rules(p);
	}
	if (proto == icmp) {
		if (unlikely(!room || l4 + 1 > data_end))
			return odd(ctx);
		p->proto = icmp;
		p->icmp_type = *(const __u8 *)l4;
		p->has_icmp = true;
		return rules(p);
	}
	if (unlikely(proto == IPPROTO_SCTP))
		return odd(ctx);
	p->proto = proto;
	return rules(p);
}

SEC("xdp") int handwritten(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *data_end = (const void *)(long)ctx->data_end;
	/* Not struct ethhdr, which is packed: clang reads its type byte by byte. */
	const __be16 *type = data + 2 * ETH_ALEN;
	const void *l3 = data + ETH_HLEN;
	const struct iphdr *ip;
	const struct ipv6hdr *ip6;
	const __be64 *words;
	struct packet p = {};
	__u32 len, rest;

	p.bytes = data_end - data;
	if (l3 > data_end)
		return odd(ctx);
	if (unlikely(*type == bpf_htons(ETH_P_8021Q) || *type == bpf_htons(ETH_P_8021AD) ||
		     *type == bpf_htons(ETH_P_QINQ1))) {
		type += 2;
		l3 += 4;
		if (l3 > data_end || *type == bpf_htons(ETH_P_8021Q) ||
		    *type == bpf_htons(ETH_P_8021AD) || *type == bpf_htons(ETH_P_QINQ1))
			return odd(ctx);
	}
	rest = data_end - l3;
	if (likely(*type == bpf_htons(ETH_P_IP))) {
		ip = l3;
		if (unlikely((const void *)(ip + 1) > data_end || *(const __u8 *)l3 != 0x45 ||
			     ip->frag_off & bpf_htons(0x3fff)))
			return odd(ctx);
		len = bpf_ntohs(ip->tot_len);
		if (unlikely(len < sizeof(*ip) || len > rest))
			return odd(ctx);
		p.ethertype = ETH_P_IP;
		p.family = 4;
		p.src = bpf_ntohl(ip->saddr);
		p.dst = bpf_ntohl(ip->daddr);
		p.has_dst = true;
		return transport(ctx, &p, ip + 1, len - sizeof(*ip), ip->protocol, IPPROTO_ICMP);
	}
	if (*type == bpf_htons(ETH_P_IPV6)) {
		ip6 = l3;
		words = l3 + 8;
		if (unlikely((const void *)(ip6 + 1) > data_end || *(const __u8 *)l3 >> 4 != 6 ||
			     is_extension(ip6->nexthdr)))
			return odd(ctx);
		len = bpf_ntohs(ip6->payload_len);
		if (unlikely(!len || len + sizeof(*ip6) > rest))
			return odd(ctx);
		p.ethertype = ETH_P_IPV6;
		p.family = 6;
		p.src6.high = bpf_be64_to_cpu(words[0]);
		p.src6.low = bpf_be64_to_cpu(words[1]);
		p.dst6.high = bpf_be64_to_cpu(words[2]);
		p.dst6.low = bpf_be64_to_cpu(words[3]);
		p.has_dst = true;
		return transport(ctx, &p, ip6 + 1, len, ip6->nexthdr, IPPROTO_ICMPV6);
	}
	p.ethertype = bpf_ntohs(*type);
	return rules(&p);
}

#endif /* HANDWRITTEN_WALK_H */
