import type { Field } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

export const vlan: Field = {
  name: 'vlan',
  group: 'link',
  type: { kind: 'uint', bits: 12 },
  read: { kind: 'header', from: [{ layer: 'vlan', offset: 0, size: 2, member: 'tci', mask: 0x0fff }] },
  summary: 'VLAN identifier of the outermost tag (0x8100, 0x88a8 or 0x9100).',
  units: '',
  source: 'IEEE 802.1Q',
  absent: 'the frame carries no tag',
  example: 'vlan 100-199',
  hooks: FRAME_HOOKS,
};
