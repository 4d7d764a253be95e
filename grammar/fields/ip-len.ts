import type { Field } from './field.ts';

export const ipLen: Field = {
  name: 'ip.len',
  group: 'network',
  type: { kind: 'uint', bits: 16 },
  read: { kind: 'header', from: [{ layer: 'ipv4', offset: 2, size: 2, member: 'tot_len' }] },
  summary: 'IPv4 total length: header and data, as the header states it.',
  units: 'bytes',
  source: 'RFC 791',
  absent: 'not IPv4, or cut off',
  example: 'ip.len > 1400',
};
