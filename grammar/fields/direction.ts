import type { Field } from './field.ts';

export const direction: Field = {
  name: 'direction',
  group: 'packet',
  type: { kind: 'uint', bits: 1, names: { ingress: 0, egress: 1 }, closed: true },
  read: { kind: 'context', what: 'direction' },
  summary: 'Whether the packet arrives (`ingress`) or leaves (`egress`); XDP sees arriving packets only.',
  units: '',
  source: 'docs/packets.md',
  absent: 'never',
  example: 'direction ingress',
};
