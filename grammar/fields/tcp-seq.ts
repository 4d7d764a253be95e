import type { Field } from './field.ts';

export const tcpSeq: Field = {
  name: 'tcp.seq',
  group: 'transport',
  type: { kind: 'uint', bits: 32 },
  read: { kind: 'header', from: [{ layer: 'tcp', offset: 4, size: 4, member: 'seq' }] },
  summary: 'TCP sequence number.',
  units: '',
  source: 'RFC 9293',
  absent: 'not TCP, a later fragment, or cut off',
  example: 'tcp.seq 0',
};
