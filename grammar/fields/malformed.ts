import type { Field } from './field.ts';

export const malformed: Field = {
  name: 'malformed',
  group: 'packet',
  type: { kind: 'truth' },
  read: { kind: 'fact', fact: 'malformed' },
  summary: 'A header is cut short or contradicts itself.',
  units: '',
  source: 'docs/packets.md',
  absent: 'never',
  example: 'malformed',
};
