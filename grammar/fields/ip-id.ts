import type { Field } from './field.ts';

export const ipId: Field = {
  name: 'ip.id',
  group: 'network',
  type: { kind: 'uint', bits: 16 },
  read: { kind: 'header', from: [{ layer: 'ipv4', offset: 4, size: 2, member: 'id' }] },
  summary: 'IPv4 identification.',
  units: '',
  source: 'RFC 791, RFC 6864',
  absent: 'not IPv4, or cut off',
  example: 'ip.id 0',
};
