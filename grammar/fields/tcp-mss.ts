import type { Field } from './field.ts';

export const tcpMss: Field = {
  name: 'tcp.mss',
  group: 'transport',
  type: { kind: 'uint', bits: 16 },
  read: { kind: 'header', from: [{ layer: 'tcp_mss', offset: 0, size: 2, member: 'mss' }] },
  summary: 'Maximum segment size option of TCP.',
  units: 'bytes',
  source: 'RFC 9293',
  absent: 'no such option',
  example: 'tcp.mss < 500',
};
