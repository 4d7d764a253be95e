import type { Field } from './field.ts';

export const ipHdrlen: Field = {
  name: 'ip.hdrlen',
  group: 'network',
  type: { kind: 'uint', bits: 6 },
  read: { kind: 'header', from: [{ layer: 'ipv4', offset: 0, size: 1, member: 'version_ihl', mask: 0x0f, times: 4 }] },
  summary: 'IPv4 header length with its options, as the header states it.',
  units: 'bytes',
  source: 'RFC 791',
  absent: 'not IPv4, or cut off',
  example: 'ip.hdrlen > 20',
};
