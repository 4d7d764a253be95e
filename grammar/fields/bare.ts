/**
 * Words that stand alone as a predicate, each a conjunction of field values. The parser looks at them only where a field may
 * stand, so that `proto tcp` keeps its value.
 */
export const BARE_WORDS: Readonly<Record<string, readonly { readonly field: string; readonly value: number }[]>> = {
  any: [],
  ip: [{ field: 'ethertype', value: 0x0800 }],
  ip6: [{ field: 'ethertype', value: 0x86dd }],
  arp: [{ field: 'ethertype', value: 0x0806 }],
  tcp: [{ field: 'proto', value: 6 }],
  udp: [{ field: 'proto', value: 17 }],
  icmp: [
    { field: 'ethertype', value: 0x0800 },
    { field: 'proto', value: 1 },
  ],
  icmp6: [
    { field: 'ethertype', value: 0x86dd },
    { field: 'proto', value: 58 },
  ],
  sctp: [{ field: 'proto', value: 132 }],
  malformed: [{ field: 'malformed', value: 1 }],
};
