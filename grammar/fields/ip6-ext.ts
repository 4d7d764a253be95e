import type { Field } from './field.ts';

export const ip6Ext: Field = {
  name: 'ip6.ext',
  group: 'network',
  type: { kind: 'kinds', names: { 'hop-by-hop': 0, routing: 43, fragment: 44, ah: 51, destination: 60 } },
  read: { kind: 'fact', fact: 'ip6_ext' },
  summary: 'Types of the IPv6 extension headers that were stepped over.',
  units: '',
  source: 'RFC 8200, RFC 4302',
  absent: 'not IPv6, or no extension headers',
  example: 'ip6.ext routing',
};
