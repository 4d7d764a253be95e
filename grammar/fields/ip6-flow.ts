import type { Field } from './field.ts';

export const ip6Flow: Field = {
  name: 'ip6.flow',
  group: 'network',
  type: { kind: 'uint', bits: 20 },
  read: { kind: 'header', from: [{ layer: 'ipv6', offset: 0, size: 4, member: 'flow', mask: 0xfffff }] },
  summary: 'IPv6 flow label.',
  units: '',
  source: 'RFC 8200, RFC 6437',
  absent: 'not IPv6, or cut off',
  example: 'ip6.flow != 0',
};
