import type { Field } from './field.ts';

export const port: Field = {
  name: 'port',
  group: 'transport',
  type: { kind: 'uint', bits: 16 },
  read: { kind: 'either', of: ['sport', 'dport'] },
  summary: 'Source or destination port: one of them matches; with `!=`, neither does.',
  units: '',
  source: 'RFC 9293, RFC 768, RFC 9260',
  absent: 'another protocol, a later fragment, or cut off',
  example: 'port 53',
};
