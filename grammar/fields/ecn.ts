import type { Field } from './field.ts';

export const ecn: Field = {
  name: 'ecn',
  group: 'network',
  type: { kind: 'uint', bits: 2, names: { 'not-ect': 0, ect1: 1, ect0: 2, ce: 3 } },
  read: {
    kind: 'header',
    from: [
      { layer: 'ipv4', offset: 1, size: 1, member: 'tos', mask: 0x03 },
      { layer: 'ipv6', offset: 0, size: 2, member: 'vtc', mask: 0x0030, shift: 4 },
    ],
  },
  summary: 'Explicit congestion notification.',
  units: '',
  source: 'RFC 3168',
  absent: 'not IP, or cut off',
  example: 'ecn ce',
};
