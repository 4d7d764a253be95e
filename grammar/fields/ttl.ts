import type { Field } from './field.ts';

export const ttl: Field = {
  name: 'ttl',
  group: 'network',
  type: { kind: 'uint', bits: 8 },
  read: {
    kind: 'header',
    from: [
      { layer: 'ipv4', offset: 8, size: 1, member: 'ttl' },
      { layer: 'ipv6', offset: 7, size: 1, member: 'hop_limit' },
    ],
  },
  summary: 'IPv4 time to live or IPv6 hop limit.',
  units: 'hops',
  source: 'RFC 791, RFC 8200',
  absent: 'not IP, or cut off',
  example: 'ttl < 5',
};
