/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Headers as they lie in a packet, in network byte order. None is packed: clang
 * would then read them byte by byte. A test holds each offset against the field
 * table and against the kernel's own headers.
 */
#ifndef PKTC_HEADERS_H
#define PKTC_HEADERS_H

#include <pktc/bpf.h>

enum {
	PKTC_TYPE_IPV4 = 0x0800,
	PKTC_TYPE_VLAN = 0x8100,
	PKTC_TYPE_IPV6 = 0x86dd,
	PKTC_TYPE_QINQ = 0x88a8,
	PKTC_TYPE_QINQ_OLD = 0x9100,
};

enum {
	PKTC_PROTO_HOPOPTS = 0,
	PKTC_PROTO_ICMP = 1,
	PKTC_PROTO_TCP = 6,
	PKTC_PROTO_UDP = 17,
	PKTC_PROTO_ROUTING = 43,
	PKTC_PROTO_FRAGMENT = 44,
	PKTC_PROTO_AH = 51,
	PKTC_PROTO_ICMP6 = 58,
	PKTC_PROTO_DSTOPTS = 60,
	PKTC_PROTO_SCTP = 132,
};

/* IEEE 802.3; three halves an address, so that they are read aligned. */
struct pktc_ethernet {
	__be16 dest[3];
	__be16 source[3];
	__be16 type;
};

/* IEEE 802.1Q, what follows the tag protocol identifier. */
struct pktc_vlan {
	__be16 tci;
	__be16 type;
};

/* RFC 791 */
struct pktc_ipv4 {
	__u8 version_ihl;
	__u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	__u8 ttl;
	__u8 protocol;
	__be16 check;
	__be32 saddr;
	__be32 daddr;
};

/* RFC 8200; vtc: version, traffic class, the upper four bits of the flow label. */
struct pktc_ipv6 {
	__be16 vtc;
	__be16 flow_low;
	__be16 payload_len;
	__u8 nexthdr;
	__u8 hop_limit;
	__be64 saddr[2];
	__be64 daddr[2];
};

/* The first eight bytes of any IPv6 extension header; `frag` counts in a fragment header. */
struct pktc_extension {
	__u8 nexthdr;
	__u8 len;
	__be16 frag;
	__be32 rest;
};

/* RFC 9293 */
struct pktc_tcp {
	__be16 source;
	__be16 dest;
	__be32 seq;
	__be32 ack_seq;
	__u8 data_off;
	__u8 flags;
	__be16 window;
	__be16 check;
	__be16 urg_ptr;
};

/* RFC 768 */
struct pktc_udp {
	__be16 source;
	__be16 dest;
	__be16 len;
	__be16 check;
};

/* RFC 9260 */
struct pktc_sctp {
	__be16 source;
	__be16 dest;
	__be32 vtag;
	__be32 checksum;
};

/* RFC 792, RFC 4443 */
struct pktc_icmp {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 rest;
};

#endif /* PKTC_HEADERS_H */
