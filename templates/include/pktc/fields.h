/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Generated from the field table (`npm run generate`): do not edit.
 *
 * Every field, for templates that are compiled alone. A compiled rule file has its
 * own, with what its rules read, and defines PKTC_FIELDS_H.
 */
#ifndef PKTC_FIELDS_H
#define PKTC_FIELDS_H

#include <pktc/compare.h>
#include <pktc/packet.h>

#define PKTC_DEPTH PKTC_DEPTH_TRANSPORT
#define PKTC_WANT_GENEVE 1
#define PKTC_WANT_GRE 1
#define PKTC_WANT_INNER 1
#define PKTC_WANT_IP6_EXT 1
#define PKTC_WANT_IP_OPTIONS 1
#define PKTC_WANT_MPLS 1
#define PKTC_WANT_TCP_OPTIONS 1
#define PKTC_WANT_VXLAN 1

#define PKTC_HAS_SMAC 0x1
#define PKTC_HAS_DMAC 0x2
#define PKTC_HAS_ETHERTYPE 0x4
#define PKTC_HAS_VLAN 0x8
#define PKTC_HAS_VLAN_PCP 0x10
#define PKTC_HAS_VLAN_DEPTH 0x20
#define PKTC_HAS_MPLS_LABEL 0x40
#define PKTC_HAS_SRC4 0x80
#define PKTC_HAS_SRC6 0x100
#define PKTC_HAS_DST4 0x200
#define PKTC_HAS_DST6 0x400
#define PKTC_HAS_PROTO 0x800
#define PKTC_HAS_TTL 0x1000
#define PKTC_HAS_DSCP 0x2000
#define PKTC_HAS_ECN 0x4000
#define PKTC_HAS_FRAG 0x8000
#define PKTC_HAS_IP_LEN 0x10000
#define PKTC_HAS_IP_ID 0x20000
#define PKTC_HAS_IP_DF 0x40000
#define PKTC_HAS_IP_HDRLEN 0x80000
#define PKTC_HAS_IP_OPTIONS 0x100000
#define PKTC_HAS_IP6_FLOW 0x200000
#define PKTC_HAS_IP6_EXT 0x400000
#define PKTC_HAS_SPORT 0x800000
#define PKTC_HAS_DPORT 0x1000000
#define PKTC_HAS_FLAGS 0x2000000
#define PKTC_HAS_TCP_SEQ 0x4000000
#define PKTC_HAS_TCP_ACK 0x8000000
#define PKTC_HAS_TCP_WINDOW 0x10000000
#define PKTC_HAS_TCP_HDRLEN 0x20000000
#define PKTC_HAS_TCP_MSS 0x40000000
#define PKTC_HAS_TCP_OPTION 0x80000000U
#define PKTC_HAS_UDP_LEN 0x100000000ULL
#define PKTC_HAS_ICMP_TYPE 0x200000000ULL
#define PKTC_HAS_ICMP_CODE 0x400000000ULL
#define PKTC_HAS_LEN 0x800000000ULL
#define PKTC_HAS_PAYLOAD_LEN 0x1000000000ULL
#define PKTC_HAS_IFACE 0x4000000000ULL
#define PKTC_HAS_DIRECTION 0x8000000000ULL
#define PKTC_HAS_VXLAN_VNI 0x10000000000ULL
#define PKTC_HAS_GENEVE_VNI 0x20000000000ULL
#define PKTC_HAS_GRE_KEY 0x40000000000ULL
#define PKTC_HAS_NETWORK_OFF 0x100000000000ULL
#define PKTC_HAS_TRANSPORT_OFF 0x200000000000ULL
#define PKTC_HAS_PAYLOAD_OFF 0x400000000000ULL
#define PKTC_FOUND_WORDS 1

struct pktc_fields {
	struct pktc_u128 src6;
	struct pktc_u128 dst6;
	__u64 present;
	__u64 payload_found[PKTC_FOUND_WORDS];
	__u64 smac;
	__u64 dmac;
	__u64 ip_options;
	__u64 ip6_ext;
	__u64 tcp_option;
	__u64 iface;
	__u32 mpls_label;
	__u32 src4;
	__u32 dst4;
	__u32 ip6_flow;
	__u32 tcp_seq;
	__u32 tcp_ack;
	__u32 len;
	__u32 payload_len;
	__u32 vxlan_vni;
	__u32 geneve_vni;
	__u32 gre_key;
	__u32 datagram_end;
	__u16 ethertype;
	__u16 vlan;
	__u16 ip_len;
	__u16 ip_id;
	__u16 sport;
	__u16 dport;
	__u16 tcp_window;
	__u16 tcp_mss;
	__u16 udp_len;
	__u16 frame_off;
	__u16 network_off;
	__u16 transport_off;
	__u16 payload_off;
	__u8 vlan_pcp;
	__u8 vlan_depth;
	__u8 proto;
	__u8 ttl;
	__u8 dscp;
	__u8 ecn;
	__u8 frag;
	__u8 ip_df;
	__u8 ip_hdrlen;
	__u8 flags;
	__u8 tcp_hdrlen;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 malformed;
	__u8 direction;
	__u8 padding[7];
};

#define pktc_read_ethernet pktc_read_ethernet
static __always_inline
void pktc_read_ethernet(struct pktc_fields *f, const struct pktc_ethernet *eth, __u32 have)
{
	if (pktc_covers(have, eth, source)) {
		f->smac = pktc_mac(eth->source);
		f->present |= PKTC_HAS_SMAC;
	}
	if (pktc_covers(have, eth, dest)) {
		f->dmac = pktc_mac(eth->dest);
		f->present |= PKTC_HAS_DMAC;
	}
}

#define pktc_read_vlan pktc_read_vlan
static __always_inline
void pktc_read_vlan(struct pktc_fields *f, const struct pktc_vlan *tag, __u32 have)
{
	if (pktc_covers(have, tag, tci)) {
		f->vlan = pktc_ntoh16(tag->tci) & 0xfff;
		f->present |= PKTC_HAS_VLAN;
	}
	if (pktc_covers(have, tag, tci)) {
		f->vlan_pcp = (pktc_ntoh16(tag->tci) & 0xe000) >> 13;
		f->present |= PKTC_HAS_VLAN_PCP;
	}
}

#define pktc_read_mpls pktc_read_mpls
static __always_inline
void pktc_read_mpls(struct pktc_fields *f, const struct pktc_mpls *mpls, __u32 have)
{
	if (pktc_covers(have, mpls, entry)) {
		f->mpls_label = (pktc_ntoh32(mpls->entry) & 0xfffff000U) >> 12;
		f->present |= PKTC_HAS_MPLS_LABEL;
	}
}

#define pktc_read_ipv4 pktc_read_ipv4
static __always_inline
void pktc_read_ipv4(struct pktc_fields *f, const struct pktc_ipv4 *ip, __u32 have)
{
	if (pktc_covers(have, ip, saddr)) {
		f->src4 = pktc_ntoh32(ip->saddr);
		f->present |= PKTC_HAS_SRC4;
	}
	if (pktc_covers(have, ip, daddr)) {
		f->dst4 = pktc_ntoh32(ip->daddr);
		f->present |= PKTC_HAS_DST4;
	}
	if (pktc_covers(have, ip, ttl)) {
		f->ttl = ip->ttl;
		f->present |= PKTC_HAS_TTL;
	}
	if (pktc_covers(have, ip, tos)) {
		f->dscp = (ip->tos & 0xfc) >> 2;
		f->present |= PKTC_HAS_DSCP;
	}
	if (pktc_covers(have, ip, tos)) {
		f->ecn = ip->tos & 0x3;
		f->present |= PKTC_HAS_ECN;
	}
	if (pktc_covers(have, ip, tot_len)) {
		f->ip_len = pktc_ntoh16(ip->tot_len);
		f->present |= PKTC_HAS_IP_LEN;
	}
	if (pktc_covers(have, ip, id)) {
		f->ip_id = pktc_ntoh16(ip->id);
		f->present |= PKTC_HAS_IP_ID;
	}
	if (pktc_covers(have, ip, frag_off)) {
		f->ip_df = (pktc_ntoh16(ip->frag_off) & 0x4000) >> 14;
		f->present |= PKTC_HAS_IP_DF;
	}
	if (pktc_covers(have, ip, version_ihl)) {
		f->ip_hdrlen = (ip->version_ihl & 0xf) * 4;
		f->present |= PKTC_HAS_IP_HDRLEN;
	}
}

#define pktc_read_ipv6 pktc_read_ipv6
static __always_inline
void pktc_read_ipv6(struct pktc_fields *f, const struct pktc_ipv6 *ip, __u32 have)
{
	if (pktc_covers(have, ip, saddr)) {
		f->src6.high = pktc_ntoh64(ip->saddr[0]);
		f->src6.low = pktc_ntoh64(ip->saddr[1]);
		f->present |= PKTC_HAS_SRC6;
	}
	if (pktc_covers(have, ip, daddr)) {
		f->dst6.high = pktc_ntoh64(ip->daddr[0]);
		f->dst6.low = pktc_ntoh64(ip->daddr[1]);
		f->present |= PKTC_HAS_DST6;
	}
	if (pktc_covers(have, ip, hop_limit)) {
		f->ttl = ip->hop_limit;
		f->present |= PKTC_HAS_TTL;
	}
	if (pktc_covers(have, ip, vtc)) {
		f->dscp = (pktc_ntoh16(ip->vtc) & 0xfc0) >> 6;
		f->present |= PKTC_HAS_DSCP;
	}
	if (pktc_covers(have, ip, vtc)) {
		f->ecn = (pktc_ntoh16(ip->vtc) & 0x30) >> 4;
		f->present |= PKTC_HAS_ECN;
	}
	if (pktc_covers(have, ip, flow)) {
		f->ip6_flow = pktc_ntoh32(ip->flow) & 0xfffff;
		f->present |= PKTC_HAS_IP6_FLOW;
	}
}

#define pktc_read_tcp pktc_read_tcp
static __always_inline
void pktc_read_tcp(struct pktc_fields *f, const struct pktc_tcp *tcp, __u32 have)
{
	if (pktc_covers(have, tcp, source)) {
		f->sport = pktc_ntoh16(tcp->source);
		f->present |= PKTC_HAS_SPORT;
	}
	if (pktc_covers(have, tcp, dest)) {
		f->dport = pktc_ntoh16(tcp->dest);
		f->present |= PKTC_HAS_DPORT;
	}
	if (pktc_covers(have, tcp, flags)) {
		f->flags = tcp->flags;
		f->present |= PKTC_HAS_FLAGS;
	}
	if (pktc_covers(have, tcp, seq)) {
		f->tcp_seq = pktc_ntoh32(tcp->seq);
		f->present |= PKTC_HAS_TCP_SEQ;
	}
	if (pktc_covers(have, tcp, ack_seq)) {
		f->tcp_ack = pktc_ntoh32(tcp->ack_seq);
		f->present |= PKTC_HAS_TCP_ACK;
	}
	if (pktc_covers(have, tcp, window)) {
		f->tcp_window = pktc_ntoh16(tcp->window);
		f->present |= PKTC_HAS_TCP_WINDOW;
	}
	if (pktc_covers(have, tcp, data_off)) {
		f->tcp_hdrlen = (tcp->data_off & 0xf0) >> 2;
		f->present |= PKTC_HAS_TCP_HDRLEN;
	}
}

#define pktc_read_tcp_mss pktc_read_tcp_mss
static __always_inline
void pktc_read_tcp_mss(struct pktc_fields *f, const struct pktc_tcp_mss *option, __u32 have)
{
	if (pktc_covers(have, option, mss)) {
		f->tcp_mss = pktc_ntoh16(option->mss);
		f->present |= PKTC_HAS_TCP_MSS;
	}
}

#define pktc_read_udp pktc_read_udp
static __always_inline
void pktc_read_udp(struct pktc_fields *f, const struct pktc_udp *udp, __u32 have)
{
	if (pktc_covers(have, udp, source)) {
		f->sport = pktc_ntoh16(udp->source);
		f->present |= PKTC_HAS_SPORT;
	}
	if (pktc_covers(have, udp, dest)) {
		f->dport = pktc_ntoh16(udp->dest);
		f->present |= PKTC_HAS_DPORT;
	}
	if (pktc_covers(have, udp, len)) {
		f->udp_len = pktc_ntoh16(udp->len);
		f->present |= PKTC_HAS_UDP_LEN;
	}
}

#define pktc_read_sctp pktc_read_sctp
static __always_inline
void pktc_read_sctp(struct pktc_fields *f, const struct pktc_sctp *sctp, __u32 have)
{
	if (pktc_covers(have, sctp, source)) {
		f->sport = pktc_ntoh16(sctp->source);
		f->present |= PKTC_HAS_SPORT;
	}
	if (pktc_covers(have, sctp, dest)) {
		f->dport = pktc_ntoh16(sctp->dest);
		f->present |= PKTC_HAS_DPORT;
	}
}

#define pktc_read_icmp pktc_read_icmp
static __always_inline
void pktc_read_icmp(struct pktc_fields *f, const struct pktc_icmp *icmp, __u32 have)
{
	if (pktc_covers(have, icmp, type)) {
		f->icmp_type = icmp->type;
		f->present |= PKTC_HAS_ICMP_TYPE;
	}
	if (pktc_covers(have, icmp, code)) {
		f->icmp_code = icmp->code;
		f->present |= PKTC_HAS_ICMP_CODE;
	}
}

#define pktc_read_icmp6 pktc_read_icmp6
static __always_inline
void pktc_read_icmp6(struct pktc_fields *f, const struct pktc_icmp *icmp, __u32 have)
{
	if (pktc_covers(have, icmp, type)) {
		f->icmp_type = icmp->type;
		f->present |= PKTC_HAS_ICMP_TYPE;
	}
	if (pktc_covers(have, icmp, code)) {
		f->icmp_code = icmp->code;
		f->present |= PKTC_HAS_ICMP_CODE;
	}
}

#define pktc_read_gre_key pktc_read_gre_key
static __always_inline
void pktc_read_gre_key(struct pktc_fields *f, const struct pktc_gre_key *gre, __u32 have)
{
	if (pktc_covers(have, gre, key)) {
		f->gre_key = pktc_ntoh32(gre->key);
		f->present |= PKTC_HAS_GRE_KEY;
	}
}

#define pktc_read_vxlan pktc_read_vxlan
static __always_inline
void pktc_read_vxlan(struct pktc_fields *f, const struct pktc_vxlan *vxlan, __u32 have)
{
	if (pktc_covers(have, vxlan, vni)) {
		f->vxlan_vni = (pktc_ntoh32(vxlan->vni) & 0xffffff00U) >> 8;
		f->present |= PKTC_HAS_VXLAN_VNI;
	}
}

#define pktc_read_geneve pktc_read_geneve
static __always_inline
void pktc_read_geneve(struct pktc_fields *f, const struct pktc_geneve *geneve, __u32 have)
{
	if (pktc_covers(have, geneve, vni)) {
		f->geneve_vni = (pktc_ntoh32(geneve->vni) & 0xffffff00U) >> 8;
		f->present |= PKTC_HAS_GENEVE_VNI;
	}
}

#define pktc_set_frame_len pktc_set_frame_len
static __always_inline void pktc_set_frame_len(struct pktc_fields *f, __u32 value)
{
	f->len = value;
	f->present |= PKTC_HAS_LEN;
}

#define pktc_set_ethertype pktc_set_ethertype
static __always_inline void pktc_set_ethertype(struct pktc_fields *f, __u16 value)
{
	f->ethertype = value;
	f->present |= PKTC_HAS_ETHERTYPE;
}

#define pktc_set_vlan_depth pktc_set_vlan_depth
static __always_inline void pktc_set_vlan_depth(struct pktc_fields *f, __u8 value)
{
	f->vlan_depth = value;
	f->present |= PKTC_HAS_VLAN_DEPTH;
}

#define pktc_set_proto pktc_set_proto
static __always_inline void pktc_set_proto(struct pktc_fields *f, __u8 value)
{
	f->proto = value;
	f->present |= PKTC_HAS_PROTO;
}

#define pktc_set_frag pktc_set_frag
static __always_inline void pktc_set_frag(struct pktc_fields *f, __u8 value)
{
	f->frag = value;
	f->present |= PKTC_HAS_FRAG;
}

#define pktc_set_payload_len pktc_set_payload_len
static __always_inline void pktc_set_payload_len(struct pktc_fields *f, __u32 value)
{
	f->payload_len = value;
	f->present |= PKTC_HAS_PAYLOAD_LEN;
}

#define pktc_set_malformed pktc_set_malformed
static __always_inline void pktc_set_malformed(struct pktc_fields *f, __u8 value)
{
	f->malformed = value;
}

#define pktc_set_ip_options pktc_set_ip_options
static __always_inline void pktc_set_ip_options(struct pktc_fields *f, __u64 value)
{
	f->ip_options = value;
	f->present |= PKTC_HAS_IP_OPTIONS;
}

#define pktc_set_ip6_ext pktc_set_ip6_ext
static __always_inline void pktc_set_ip6_ext(struct pktc_fields *f, __u64 value)
{
	f->ip6_ext = value;
	f->present |= PKTC_HAS_IP6_EXT;
}

#define pktc_set_tcp_options pktc_set_tcp_options
static __always_inline void pktc_set_tcp_options(struct pktc_fields *f, __u64 value)
{
	f->tcp_option = value;
	f->present |= PKTC_HAS_TCP_OPTION;
}

#define pktc_set_frame_off pktc_set_frame_off
static __always_inline void pktc_set_frame_off(struct pktc_fields *f, __u16 value)
{
	f->frame_off = value;
}

#define pktc_set_network_off pktc_set_network_off
static __always_inline void pktc_set_network_off(struct pktc_fields *f, __u16 value)
{
	f->network_off = value;
	f->present |= PKTC_HAS_NETWORK_OFF;
}

#define pktc_set_transport_off pktc_set_transport_off
static __always_inline void pktc_set_transport_off(struct pktc_fields *f, __u16 value)
{
	f->transport_off = value;
	f->present |= PKTC_HAS_TRANSPORT_OFF;
}

#define pktc_set_payload_off pktc_set_payload_off
static __always_inline void pktc_set_payload_off(struct pktc_fields *f, __u16 value)
{
	f->payload_off = value;
	f->present |= PKTC_HAS_PAYLOAD_OFF;
}

#define pktc_set_datagram_end pktc_set_datagram_end
static __always_inline void pktc_set_datagram_end(struct pktc_fields *f, __u32 value)
{
	f->datagram_end = value;
}

#include <pktc/interface.h>

#define pktc_read_context pktc_read_context
static __always_inline
void pktc_read_context(struct pktc_fields *f, struct pktc_ctx *ctx, enum pktc_direction direction)
{
	if (pktc_interface_bits(ctx, &f->iface))
		f->present |= PKTC_HAS_IFACE;
	f->direction = direction;
	f->present |= PKTC_HAS_DIRECTION;
}

#include <pktc/unread.h>

#endif /* PKTC_FIELDS_H */
