import type { Field } from './field.ts';

export const sport: Field = {
  name: 'sport',
  group: 'transport',
  type: { kind: 'uint', bits: 16 },
  read: {
    kind: 'header',
    from: [
      { layer: 'tcp', offset: 0, size: 2, member: 'source' },
      { layer: 'udp', offset: 0, size: 2, member: 'source' },
      { layer: 'sctp', offset: 0, size: 2, member: 'source' },
    ],
  },
  summary: 'Source port of TCP, UDP or SCTP.',
  units: '',
  source: 'RFC 9293, RFC 768, RFC 9260',
  absent: 'another protocol, a later fragment, or cut off',
  example: 'sport 1024-65535',
};
