import type { Field } from './field.ts';

export const dport: Field = {
  name: 'dport',
  group: 'transport',
  type: { kind: 'uint', bits: 16 },
  read: {
    kind: 'header',
    from: [
      { layer: 'tcp', offset: 2, size: 2, member: 'dest' },
      { layer: 'udp', offset: 2, size: 2, member: 'dest' },
      { layer: 'sctp', offset: 2, size: 2, member: 'dest' },
    ],
  },
  summary: 'Destination port of TCP, UDP or SCTP.',
  units: '',
  source: 'RFC 9293, RFC 768, RFC 9260',
  absent: 'another protocol, a later fragment, or cut off',
  example: 'dport { 22, 80, 8000-8100 }',
};
