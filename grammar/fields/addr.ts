import type { Field } from './field.ts';

export const addr: Field = {
  name: 'addr',
  group: 'network',
  type: { kind: 'address' },
  read: { kind: 'either', of: ['src', 'dst'] },
  summary: 'Source or destination address: one of them matches; with `!=`, neither does.',
  units: '',
  source: 'RFC 791, RFC 8200',
  absent: 'not IP, or both addresses are cut off',
  example: 'addr 192.0.2.0/24',
};
