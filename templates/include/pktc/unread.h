/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What no rule asks for is not read: these stand for the functions that a program lacks.
 * Each one that it has is a macro, too, of its own name.
 */
#ifndef PKTC_UNREAD_H
#define PKTC_UNREAD_H

/* Headers, and parts of headers, of which no field is asked for. */

#ifndef pktc_read_ethernet
#define pktc_read_ethernet(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_vlan
#define pktc_read_vlan(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_mpls
#define pktc_read_mpls(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_ipv4
#define pktc_read_ipv4(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_ipv6
#define pktc_read_ipv6(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_tcp
#define pktc_read_tcp(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_tcp_mss
#define pktc_read_tcp_mss(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_udp
#define pktc_read_udp(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_sctp
#define pktc_read_sctp(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_icmp
#define pktc_read_icmp(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_icmp6
#define pktc_read_icmp6(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_gre_key
#define pktc_read_gre_key(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_vxlan
#define pktc_read_vxlan(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

#ifndef pktc_read_geneve
#define pktc_read_geneve(f, header, have) ((void)(f), (void)(header), (void)(have))
#endif

/* Facts that nobody wants to know. */

#ifndef pktc_set_frame_len
#define pktc_set_frame_len(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_ethertype
#define pktc_set_ethertype(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_vlan_depth
#define pktc_set_vlan_depth(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_proto
#define pktc_set_proto(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_frag
#define pktc_set_frag(f, value) ((void)(f), (void)(value))
#endif

/* Whether it matters that a TCP header ends before the datagram does. */
#if defined(pktc_set_payload_len) || defined(pktc_set_payload_off) || defined(pktc_set_malformed)
#define PKTC_WANT_PAYLOAD 1
#else
#define PKTC_WANT_PAYLOAD 0
#endif

#ifndef pktc_set_payload_len
#define pktc_set_payload_len(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_malformed
#define pktc_set_malformed(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_ip_options
#define pktc_set_ip_options(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_ip6_ext
#define pktc_set_ip6_ext(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_tcp_options
#define pktc_set_tcp_options(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_frame_off
#define pktc_set_frame_off(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_network_off
#define pktc_set_network_off(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_transport_off
#define pktc_set_transport_off(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_payload_off
#define pktc_set_payload_off(f, value) ((void)(f), (void)(value))
#endif

#ifndef pktc_set_datagram_end
#define pktc_set_datagram_end(f, value) ((void)(f), (void)(value))
#endif

/* What is known beside the packet. */

#ifndef pktc_read_context
#define pktc_read_context(f, ctx, direction) ((void)(f), (void)(ctx), (void)(direction))
#endif

#endif /* PKTC_UNREAD_H */
