/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Rejecting: the sender gets a reset or an unreachable, in place of the packet. Where
 * that is not allowed, not possible, or too much (PKTC_ANSWERS_A_SECOND), the packet
 * is dropped like any other.
 */
#ifndef PKTC_ANSWER_H
#define PKTC_ANSWER_H

#include <pktc/answer_transport.h>
#include <pktc/return.h>
#if PKTC_HOOK == PKTC_HOOK_XDP
#include <pktc/answer_xdp.h>
#else
#include <pktc/answer_skb.h>
#endif

static __always_inline void pktc_answer_head4(struct pktc_answers *a)
{
	const struct pktc_ipv4 *ip = (const void *)a->quote;
	struct pktc_ipv4 *back = (void *)a->head;
	bool reset = a->proto == PKTC_PROTO_TCP;

	back->version_ihl = 4 << 4 | sizeof(*back) / 4;
	back->tos = reset ? 0 : PKTC_ICMP_TOS;
	back->tot_len = pktc_ntoh16((__u16)(a->head_len + a->quoted));
	/* RFC 6864: what is never fragmented needs no identification. */
	back->frag_off = pktc_ntoh16(PKTC_IPV4_DONT_FRAGMENT);
	back->ttl = PKTC_ANSWER_TTL;
	back->protocol = reset ? PKTC_PROTO_TCP : PKTC_PROTO_ICMP;
	back->saddr = ip->daddr;
	back->daddr = ip->saddr;
	back->check = ~pktc_fold(pktc_sum(back, sizeof(*back), 0));
}

static __always_inline void pktc_answer_head6(struct pktc_answers *a)
{
	const struct pktc_ipv6 *ip = (const void *)a->quote;
	struct pktc_ipv6 *back = (void *)a->head;
	__u32 i;

	back->vtc = pktc_ntoh16(6 << 12);
	back->payload_len = pktc_ntoh16((__u16)(a->head_len - sizeof(*back) + a->quoted));
	back->nexthdr = a->proto == PKTC_PROTO_TCP ? PKTC_PROTO_TCP : PKTC_PROTO_ICMP6;
	back->hop_limit = PKTC_ANSWER_TTL;
	for (i = 0; i < 2; i++) {
		back->saddr[i] = ip->daddr[i];
		back->daddr[i] = ip->saddr[i];
	}
}

/*
 * The checksum of the answer's transport layer. `partial`: a network card may still
 * complete the packet as it came, which is to say write ~sum(from the transport header
 * on) where the checksum of the first packet's protocol stands. Then a value in a
 * member that nobody reads makes the sum come out as what already stands there:
 *
 *	TCP  the checksum is that of the pseudo header, P, and the window ~(2P + the rest)
 *	UDP  at that place ICMP has unused bytes: P for ICMPv6, 0 for ICMP, and both 0 and
 *	     the 0xffff that may be written instead leave the checksum right
 */
static __always_inline void pktc_answer_sum(struct pktc_answers *a, bool partial)
{
	bool six = a->type == PKTC_TYPE_IPV6;
	__u8 *at = a->head + (six ? sizeof(struct pktc_ipv6) : sizeof(struct pktc_ipv4));
	__u32 size = a->head_len - a->ip_len + a->quoted;
	struct pktc_icmp *icmp = (void *)at;
	struct pktc_tcp *tcp = (void *)at;
	__u64 pseudo = 0;
	__u32 sum;

	if (a->proto == PKTC_PROTO_TCP) {
		pseudo = pktc_sum_pseudo(a, PKTC_PROTO_TCP, size);
		tcp->window = 0;
		tcp->check = 0;
		sum = pktc_fold(pktc_sum(tcp, sizeof(*tcp), 0));
		if (partial) {
			tcp->check = pktc_fold(pseudo);
			tcp->window = ~pktc_fold(sum + 2 * (__u64)pktc_fold(pseudo));
		} else {
			tcp->check = ~pktc_fold(sum + pseudo);
		}
		return;
	}
	if (six)
		pseudo = pktc_sum_pseudo(a, PKTC_PROTO_ICMP6, size);
	icmp->rest = partial ? (__be32)pktc_ntoh32(pktc_ntoh16(pktc_fold(pseudo))) : 0;
	icmp->checksum = 0;
	sum = pktc_sum(icmp, sizeof(*icmp), 0);
	sum = pktc_sum(a->quote, PKTC_PIECE_BYTES, sum);
	sum = pktc_sum(a->quote + PKTC_PIECE_BYTES, PKTC_PIECE_BYTES, sum);
	sum = pktc_sum(a->quote + 2 * PKTC_PIECE_BYTES, PKTC_QUOTE6_BYTES - 2 * PKTC_PIECE_BYTES,
		       sum);
	icmp->checksum = ~pktc_fold(sum + pseudo);
}

/* Everything but the checksum of the transport layer. Returns whether there is an answer. */
static __always_inline bool pktc_make_answer(struct pktc_ctx *ctx, struct pktc_answers *a)
{
	__builtin_memset(a->head, 0, sizeof(a->head));
	a->partial = 0;
	if (!pktc_answer_link(ctx, a))
		return false;
	if (a->type == PKTC_TYPE_IPV4 ? !pktc_answer_ipv4(ctx, a) :
	    a->type == PKTC_TYPE_IPV6 ? !pktc_answer_ipv6(ctx, a) :
					true)
		return false;
	if (a->proto == PKTC_PROTO_TCP ? !pktc_answer_tcp(ctx, a) : !pktc_answer_other(ctx, a))
		return false;
	if (a->type == PKTC_TYPE_IPV4)
		pktc_answer_head4(a);
	else
		pktc_answer_head6(a);
	return true;
}

/*
 * Returns what the program is to return. Global: checked once, and apart from the
 * program's own stack.
 */
__noinline int pktc_answer(struct pktc_ctx *ctx, enum pktc_direction direction)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct pktc_answers *a;
	__u32 first = 0;
	int verdict;

	pktc_keep(direction);
	a = bpf_map_lookup_elem(&pktc_answers, &first);
	if (!a || !pktc_can_answer())
		return PKTC_RETURN_DROP;
	if (!pktc_has_answer_left(a, now_ns)) {
		a->limited += 1;
		return PKTC_RETURN_DROP;
	}
	verdict = pktc_make_answer(ctx, a) ? pktc_send_answer(ctx, a, direction) : PKTC_RETURN_DROP;
	if (verdict == PKTC_RETURN_DROP)
		a->silent += 1;
	else
		pktc_take_answer(a, now_ns);
	return verdict;
}

#endif /* PKTC_ANSWER_H */
