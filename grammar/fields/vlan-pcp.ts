import type { Field } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

export const vlanPcp: Field = {
  name: 'vlan.pcp',
  group: 'link',
  type: { kind: 'uint', bits: 3 },
  read: { kind: 'header', from: [{ layer: 'vlan', offset: 0, size: 2, member: 'tci', mask: 0xe000, shift: 13 }] },
  summary: 'Priority code point of the outermost tag.',
  units: '',
  source: 'IEEE 802.1Q',
  absent: 'the frame carries no tag',
  example: 'vlan.pcp >= 5',
  hooks: FRAME_HOOKS,
};
