import type { Field } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

export const vlanDepth: Field = {
  name: 'vlan.depth',
  group: 'link',
  type: { kind: 'uint', bits: 2 },
  read: { kind: 'fact', fact: 'vlan_depth' },
  summary: 'How many VLAN tags the frame carries, of the two at most that are stepped over.',
  units: 'tags',
  source: 'IEEE 802.1Q',
  absent: 'the frame is shorter than 14 bytes',
  example: 'vlan.depth 2',
  hooks: FRAME_HOOKS,
};
