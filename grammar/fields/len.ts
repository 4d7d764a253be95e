import type { Field } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

export const len: Field = {
  name: 'len',
  group: 'packet',
  type: { kind: 'uint', bits: 32 },
  read: { kind: 'fact', fact: 'frame_len' },
  summary: 'Length of the frame from the Ethernet header on, padding included, as a capture shows it.',
  units: 'bytes',
  source: 'docs/packets.md',
  absent: 'never',
  example: 'len > 1000',
  hooks: FRAME_HOOKS,
};
