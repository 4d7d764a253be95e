import type { Field } from './field.ts';

export const src: Field = {
  name: 'src',
  group: 'network',
  type: { kind: 'address' },
  read: {
    kind: 'header',
    from: [
      { layer: 'ipv4', offset: 12, size: 4, member: 'saddr' },
      { layer: 'ipv6', offset: 8, size: 16, member: 'saddr' },
    ],
  },
  summary: 'Source address, IPv4 or IPv6.',
  units: '',
  source: 'RFC 791, RFC 8200',
  absent: 'not IP, or the address is cut off',
  example: 'src { 10.0.0.0/8, fd00::/8 }',
};
