import type { Field } from './field.ts';

export const dst: Field = {
  name: 'dst',
  group: 'network',
  type: { kind: 'address' },
  read: {
    kind: 'header',
    from: [
      { layer: 'ipv4', offset: 16, size: 4, member: 'daddr' },
      { layer: 'ipv6', offset: 24, size: 16, member: 'daddr' },
    ],
  },
  summary: 'Destination address, IPv4 or IPv6.',
  units: '',
  source: 'RFC 791, RFC 8200',
  absent: 'not IP, or the address is cut off',
  example: 'dst 192.0.2.1',
};
