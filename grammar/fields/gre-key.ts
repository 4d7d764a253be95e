import type { Field } from './field.ts';

export const greKey: Field = {
  name: 'gre.key',
  group: 'tunnels',
  type: { kind: 'uint', bits: 32 },
  read: { kind: 'header', from: [{ layer: 'gre_key', offset: 0, size: 4, member: 'key' }] },
  summary: 'Key of the GRE header.',
  units: '',
  source: 'RFC 2890',
  absent: 'not GRE, no key, or cut off',
  example: 'gre.key 7',
};
