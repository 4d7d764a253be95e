import type { Field } from './field.ts';

export const udpLen: Field = {
  name: 'udp.len',
  group: 'transport',
  type: { kind: 'uint', bits: 16 },
  read: { kind: 'header', from: [{ layer: 'udp', offset: 4, size: 2, member: 'len' }] },
  summary: 'UDP length: header and data, as the header states it.',
  units: 'bytes',
  source: 'RFC 768',
  absent: 'not UDP, a later fragment, or cut off',
  example: 'udp.len > 512',
};
