import type { Field } from './field.ts';

export const icmpCode: Field = {
  name: 'icmp.code',
  group: 'transport',
  type: { kind: 'uint', bits: 8 },
  read: {
    kind: 'header',
    from: [
      { layer: 'icmp', offset: 1, size: 1, member: 'code' },
      { layer: 'icmp6', offset: 1, size: 1, member: 'code' },
    ],
  },
  summary: 'ICMP or ICMPv6 code.',
  units: '',
  source: 'RFC 792, RFC 4443',
  absent: 'neither ICMP over IPv4 nor ICMPv6 over IPv6, a later fragment, or cut off',
  example: 'icmp icmp.type 3 icmp.code 4',
};
