import type { Field } from './field.ts';

export const tcpAck: Field = {
  name: 'tcp.ack',
  group: 'transport',
  type: { kind: 'uint', bits: 32 },
  read: { kind: 'header', from: [{ layer: 'tcp', offset: 8, size: 4, member: 'ack_seq' }] },
  summary: 'TCP acknowledgment number, whether the ACK flag is set or not.',
  units: '',
  source: 'RFC 9293',
  absent: 'not TCP, a later fragment, or cut off',
  example: 'tcp.ack != 0 flags !ACK',
};
