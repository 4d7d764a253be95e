import type { Field } from './field.ts';

export const payloadLen: Field = {
  name: 'payload.len',
  group: 'packet',
  type: { kind: 'uint', bits: 32 },
  read: { kind: 'fact', fact: 'payload_len' },
  summary: 'Length of what lies behind the transport header, up to the end of the IP datagram.',
  units: 'bytes',
  source: 'docs/packets.md',
  absent: 'no TCP, UDP, SCTP, ICMP or ICMPv6 header, a later fragment, or that header is cut or contradicts itself',
  example: 'payload.len = 0',
};
