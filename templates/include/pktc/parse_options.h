/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Options of IPv4 and TCP, which are built alike: RFC 791, RFC 9293. */
#ifndef PKTC_PARSE_OPTIONS_H
#define PKTC_PARSE_OPTIONS_H

#include <pktc/fields.h>
#include <pktc/kinds.h>
#include <pktc/packet.h>
#include <pktc/wants.h>

/* A header of fifteen words less the five that every one has. */
#define PKTC_OPTIONS_BYTES 40
/* Of the buffer: a power of two, so that a mask bounds an index. */
#define PKTC_OPTIONS_BUFFER 64

enum {
	PKTC_OPTION_END = 0,
	PKTC_OPTION_NOP = 1,
	PKTC_OPTION_MSS = 2,
};

#define PKTC_OPTION_MSS_LEN 4

struct pktc_options {
	__u64 kinds;	/* bits of pktc_kind_bits */
	__u32 at;	/* where the next option begins, from the first one */
	__u32 any;	/* 1: there is an option */
	__u32 has_mss;	/* 1: there is one of kind 2 and length 4 */
	__u32 mss;	/* its value, of the first one */
};

#if PKTC_WANT_IP_OPTIONS || PKTC_WANT_TCP_OPTIONS
/*
 * Walks the `size` bytes of options at `off`. A global function: few packets have many,
 * and the verifier checks its loop once. Zeroes behind the options end them, and are no
 * length that an option can have. As in pktc_walk_extensions(), what was found is kept
 * where the verifier does not follow it.
 */
__noinline int pktc_walk_options(struct pktc_ctx *ctx, __u32 off, __u32 size,
				 struct pktc_options *found)
{
	const __u32 mask = PKTC_OPTIONS_BUFFER - 1;
	__u8 bytes[PKTC_OPTIONS_BUFFER];
	__u32 at, i, kind, len, last = pktc_last(size);

	if (!found || last >= PKTC_OPTIONS_BYTES)
		return 0;
	__builtin_memset(bytes, 0, sizeof(bytes));
	if (pktc_load_bytes(ctx, off, bytes, last + 1))
		return 0;
	for (i = 0; i < PKTC_OPTIONS_BYTES; i++) {
		at = pktc_read(found->at);
		kind = bytes[at & mask];
		if (kind == PKTC_OPTION_END)
			break;
		found->any = 1;
		found->kinds |= pktc_kind_bits[kind];
		if (kind == PKTC_OPTION_NOP) {
			found->at = at + 1;
			continue;
		}
		len = bytes[(at + 1) & mask];
		if (len < 2 || at + len > size)
			break;
		if (kind == PKTC_OPTION_MSS && len == PKTC_OPTION_MSS_LEN && !found->has_mss) {
			found->has_mss = 1;
			found->mss = bytes[(at + 2) & mask] << 8 | bytes[(at + 3) & mask];
		}
		found->at = at + len;
	}
	return 0;
}
#endif

/* The options of the IPv4 header of `header_len` bytes at p->off, all of them in the frame. */
static __always_inline void pktc_parse_ip_options(struct pktc_packet *p, struct pktc_fields *f,
						  struct pktc_cut *cut, __u32 header_len)
{
#if PKTC_WANT_IP_OPTIONS
	struct pktc_options *found = pktc_reuse(cut, struct pktc_options);

	pktc_walk_options(p->ctx, p->off + sizeof(struct pktc_ipv4),
			  header_len - sizeof(struct pktc_ipv4), found);
	if (found->any)
		pktc_set_ip_options(f, found->kinds);
#else
	(void)p, (void)f, (void)cut, (void)header_len;
#endif
}

/* The options of the TCP header of `header_len` bytes at p->off, all of them before p->end. */
static __always_inline void pktc_parse_tcp_options(struct pktc_packet *p, struct pktc_fields *f,
						   struct pktc_cut *cut, __u32 header_len)
{
#if PKTC_WANT_TCP_OPTIONS
	struct pktc_options *found = pktc_reuse(cut, struct pktc_options);
	struct pktc_tcp_mss option;

	pktc_walk_options(p->ctx, p->off + sizeof(struct pktc_tcp),
			  header_len - sizeof(struct pktc_tcp), found);
	if (found->any)
		pktc_set_tcp_options(f, found->kinds);
	option.mss = pktc_ntoh16(found->mss);
	pktc_read_tcp_mss(f, &option, found->has_mss ? sizeof(option) : 0);
#else
	(void)p, (void)f, (void)cut, (void)header_len;
#endif
}

#endif /* PKTC_PARSE_OPTIONS_H */
