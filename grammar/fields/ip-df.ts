import type { Field } from './field.ts';

export const ipDf: Field = {
  name: 'ip.df',
  group: 'network',
  type: { kind: 'uint', bits: 1, names: { no: 0, yes: 1 } },
  read: { kind: 'header', from: [{ layer: 'ipv4', offset: 6, size: 2, member: 'frag_off', mask: 0x4000, shift: 14 }] },
  summary: "IPv4 Don't Fragment bit.",
  units: '',
  source: 'RFC 791',
  absent: 'not IPv4, or cut off',
  example: 'ip.df yes',
};
