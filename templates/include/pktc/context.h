/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the kernel hands to a program, the same for every hook: `struct pktc_ctx` is
 * struct xdp_md or struct __sk_buff.
 *
 * Offsets count from the first byte that the program can see: of the Ethernet header,
 * or of the network layer's header at a cgroup. A VLAN tag that the kernel keeps beside
 * the packet is not among those bytes: see struct pktc_tag.
 */
#ifndef PKTC_CONTEXT_H
#define PKTC_CONTEXT_H

#include <pktc/hook.h>
#if PKTC_HOOK == PKTC_HOOK_XDP
#include <pktc/context_xdp.h>
#else
#include <pktc/context_skb.h>
#endif

/*
 * Copies `size` bytes at `offset` of the frame as a capture shows it: a tag that the
 * kernel keeps beside the packet stands where it stood on the wire. Both numbers are
 * constants, `size` from 1 to 8. Returns 0, or not 0 when the frame ends before.
 */
static __always_inline long pktc_load_frame(struct pktc_ctx *ctx, __u32 offset, __u8 *to,
					    __u32 size)
{
	struct pktc_tag tag;
	__u32 i, at;

	if (offset + size <= PKTC_TAG_OFFSET || !pktc_kept_tag(ctx, &tag))
		return pktc_load_bytes(ctx, offset, to, size);
	if (offset >= PKTC_TAG_OFFSET + PKTC_TAG_BYTES)
		return pktc_load_bytes(ctx, offset - PKTC_TAG_BYTES, to, size);
#pragma unroll
	for (i = 0; i < size; i++) {
		at = offset + i;
		if (at < PKTC_TAG_OFFSET || at >= PKTC_TAG_OFFSET + PKTC_TAG_BYTES) {
			if (pktc_load_bytes(ctx, at < PKTC_TAG_OFFSET ? at : at - PKTC_TAG_BYTES,
					    to + i, 1))
				return -1;
		} else {
			to[i] = (at < PKTC_TAG_OFFSET + 2 ? tag.proto : tag.tci) >>
				(at % 2 ? 0 : 8);
		}
	}
	return 0;
}

#endif /* PKTC_CONTEXT_H */
