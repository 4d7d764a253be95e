import type { Field } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

export const smac: Field = {
  name: 'smac',
  group: 'link',
  type: { kind: 'mac' },
  read: { kind: 'header', from: [{ layer: 'ethernet', offset: 6, size: 6, member: 'source' }] },
  summary: 'Source link-layer (MAC) address.',
  units: '',
  source: 'IEEE 802.3',
  absent: 'the frame is shorter than 12 bytes',
  example: 'smac aa:bb:cc:dd:ee:ff',
  hooks: FRAME_HOOKS,
};
