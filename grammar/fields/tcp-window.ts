import type { Field } from './field.ts';

export const tcpWindow: Field = {
  name: 'tcp.window',
  group: 'transport',
  type: { kind: 'uint', bits: 16 },
  read: { kind: 'header', from: [{ layer: 'tcp', offset: 14, size: 2, member: 'window' }] },
  summary: 'TCP window as the header carries it, not scaled.',
  units: '',
  source: 'RFC 9293',
  absent: 'not TCP, a later fragment, or cut off',
  example: 'tcp.window 0',
};
