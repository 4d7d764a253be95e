import type { Field } from './field.ts';

export const frag: Field = {
  name: 'frag',
  group: 'network',
  type: { kind: 'uint', bits: 2, names: { first: 1, later: 2 }, closed: true },
  read: { kind: 'fact', fact: 'frag' },
  summary: 'Which part of a fragmented datagram this is; `frag any` is every fragment. Only the first has ports and flags.',
  units: '',
  source: 'RFC 791, RFC 8200',
  absent: 'the packet is not a fragment',
  example: 'frag later',
};
