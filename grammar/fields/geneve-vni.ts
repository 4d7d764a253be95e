import type { Field } from './field.ts';

export const geneveVni: Field = {
  name: 'geneve.vni',
  group: 'tunnels',
  type: { kind: 'uint', bits: 24 },
  read: { kind: 'header', from: [{ layer: 'geneve', offset: 4, size: 4, member: 'vni', mask: 0xffffff00, shift: 8 }] },
  summary: 'Geneve network identifier of UDP to port 6081.',
  units: '',
  source: 'RFC 8926',
  absent: 'not Geneve, another version, or cut off',
  example: 'geneve.vni 42',
};
