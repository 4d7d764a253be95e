import type { Field } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

export const dmac: Field = {
  name: 'dmac',
  group: 'link',
  type: { kind: 'mac' },
  read: { kind: 'header', from: [{ layer: 'ethernet', offset: 0, size: 6, member: 'dest' }] },
  summary: 'Destination link-layer (MAC) address; `broadcast` and `multicast` (group bit set) are words for it.',
  units: '',
  source: 'IEEE 802.3',
  absent: 'the frame is shorter than 6 bytes',
  example: 'dmac broadcast',
  hooks: FRAME_HOOKS,
};
