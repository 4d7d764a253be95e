/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the walk looks for beside the headers that it passes anyway: 1 where a rule asks
 * for it. The program defines those ahead of the walk, and all others are 0.
 */
#ifndef PKTC_WANTS_H
#define PKTC_WANTS_H

#ifndef PKTC_WANT_MPLS
#define PKTC_WANT_MPLS 0
#endif

#ifndef PKTC_WANT_IP_OPTIONS
#define PKTC_WANT_IP_OPTIONS 0
#endif

#ifndef PKTC_WANT_IP6_EXT
#define PKTC_WANT_IP6_EXT 0
#endif

/* Their kinds, or the maximum segment size. */
#ifndef PKTC_WANT_TCP_OPTIONS
#define PKTC_WANT_TCP_OPTIONS 0
#endif

/* The packet in a tunnel. */
#ifndef PKTC_WANT_INNER
#define PKTC_WANT_INNER 0
#endif

#ifndef PKTC_WANT_GRE
#define PKTC_WANT_GRE 0
#endif

#ifndef PKTC_WANT_VXLAN
#define PKTC_WANT_VXLAN 0
#endif

#ifndef PKTC_WANT_GENEVE
#define PKTC_WANT_GENEVE 0
#endif

#endif /* PKTC_WANTS_H */
