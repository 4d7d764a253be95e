import type { Field } from './field.ts';
import { FRAME_HOOKS } from './hooks.ts';

export const mplsLabel: Field = {
  name: 'mpls.label',
  group: 'link',
  type: { kind: 'uint', bits: 20 },
  read: { kind: 'header', from: [{ layer: 'mpls', offset: 0, size: 4, member: 'entry', mask: 0xfffff000, shift: 12 }] },
  summary: 'Label of the first entry of the MPLS label stack.',
  units: '',
  source: 'RFC 3032',
  absent: 'the ethertype is neither 0x8847 nor 0x8848, or the entry is cut off',
  example: 'mpls.label 16-1048575',
  hooks: FRAME_HOOKS,
};
