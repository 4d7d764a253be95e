/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Where a program looks at packets: a skeleton says so ahead of every include; without a word it is XDP. */
#ifndef PKTC_HOOK_H
#define PKTC_HOOK_H

#include <pktc/bpf.h>

#define PKTC_HOOK_XDP 1
#define PKTC_HOOK_TC 2
#define PKTC_HOOK_SOCKET 3
#define PKTC_HOOK_CGROUP 4

#ifndef PKTC_HOOK
#define PKTC_HOOK PKTC_HOOK_XDP
#endif

/* Values of the field `direction`. */
enum pktc_direction {
	PKTC_INGRESS = 0,
	PKTC_EGRESS = 1,
};

/* A VLAN tag outside the packet's bytes, in host byte order. */
struct pktc_tag {
	__u16 proto; /* 0x8100 or 0x88a8 */
	__u16 tci;
};

/* What the tag adds to the length of the frame, and where it belongs: behind both addresses. */
#define PKTC_TAG_BYTES 4
#define PKTC_TAG_OFFSET 12

#endif /* PKTC_HOOK_H */
