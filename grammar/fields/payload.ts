import type { Field } from './field.ts';

/** How far into the payload `contains` looks, in bytes; `within` says less. */
export const PAYLOAD_SEARCH_BYTES_MAX = 16_384;

export const payload: Field = {
  name: 'payload',
  group: 'packet',
  type: { kind: 'bytes' },
  read: { kind: 'payload' },
  summary: 'What lies behind the transport header, up to the end of the IP datagram.',
  units: '',
  source: 'docs/packets.md',
  absent: 'no TCP, UDP, SCTP, ICMP or ICMPv6 header, a later fragment, or that header is cut or contradicts itself',
  example: 'payload contains "User-Agent: sqlmap"',
};
