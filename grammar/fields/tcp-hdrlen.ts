import type { Field } from './field.ts';

export const tcpHdrlen: Field = {
  name: 'tcp.hdrlen',
  group: 'transport',
  type: { kind: 'uint', bits: 6 },
  read: { kind: 'header', from: [{ layer: 'tcp', offset: 12, size: 1, member: 'data_off', mask: 0xf0, shift: 2 }] },
  summary: 'TCP header length with its options, as the header states it.',
  units: 'bytes',
  source: 'RFC 9293',
  absent: 'not TCP, a later fragment, or cut off',
  example: 'tcp.hdrlen > 20',
};
