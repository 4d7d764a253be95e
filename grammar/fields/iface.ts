import type { Field } from './field.ts';

export const iface: Field = {
  name: 'iface',
  group: 'packet',
  type: { kind: 'interface' },
  read: { kind: 'context', what: 'iface' },
  summary: 'Interface that the packet arrives at or leaves by, by name or pattern.',
  units: '',
  source: 'docs/packets.md',
  absent: "the packet's interface is not known, as in a capture",
  example: 'iface "veth*"',
};
