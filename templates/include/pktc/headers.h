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
	PKTC_TYPE_ETHERNET = 0x6558, /* of what a tunnel carries */
	PKTC_TYPE_VLAN = 0x8100,
	PKTC_TYPE_IPV6 = 0x86dd,
	PKTC_TYPE_MPLS = 0x8847,
	PKTC_TYPE_MPLS_MULTICAST = 0x8848,
	PKTC_TYPE_QINQ = 0x88a8,
	PKTC_TYPE_QINQ_OLD = 0x9100,
};

enum {
	PKTC_PROTO_HOPOPTS = 0,
	PKTC_PROTO_ICMP = 1,
	PKTC_PROTO_IPV4 = 4,
	PKTC_PROTO_TCP = 6,
	PKTC_PROTO_UDP = 17,
	PKTC_PROTO_IPV6 = 41,
	PKTC_PROTO_ROUTING = 43,
	PKTC_PROTO_FRAGMENT = 44,
	PKTC_PROTO_GRE = 47,
	PKTC_PROTO_AH = 51,
	PKTC_PROTO_ICMP6 = 58,
	PKTC_PROTO_DSTOPTS = 60,
	PKTC_PROTO_SCTP = 132,
};

/* UDP ports of tunnels. */
enum {
	PKTC_PORT_VXLAN = 4789,
	PKTC_PORT_GENEVE = 6081,
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

/* RFC 3032: label, traffic class, bottom of the stack, time to live. */
struct pktc_mpls {
	__be32 entry;
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
	union {
		__be16 vtc;
		__be32 flow; /* all of these, and the rest of the label */
	};
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

/* The value of option 2, RFC 9293. */
struct pktc_tcp_mss {
	__be16 mss;
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

/* RFC 2784; checksum, key and sequence number follow if the flags say so. */
struct pktc_gre {
	__be16 flags;
	__be16 type;
};

/* RFC 2890 */
struct pktc_gre_key {
	__be32 key;
};

/* RFC 7348 */
struct pktc_vxlan {
	__u8 flags;
	__u8 reserved[3];
	__be32 vni; /* in the upper 24 bits */
};

/* RFC 8926 */
struct pktc_geneve {
	__u8 version_len; /* options in units of four bytes in the lower six bits */
	__u8 flags;
	__be16 type;
	__be32 vni; /* in the upper 24 bits */
};

#endif /* PKTC_HEADERS_H */
