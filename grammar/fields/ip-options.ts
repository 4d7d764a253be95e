import type { Field } from './field.ts';

export const ipOptions: Field = {
  name: 'ip.options',
  group: 'network',
  type: {
    kind: 'kinds',
    names: {
      nop: 1,
      security: 130,
      'record-route': 7,
      timestamp: 68,
      'loose-source-route': 131,
      'stream-id': 136,
      'strict-source-route': 137,
      'router-alert': 148,
    },
  },
  read: { kind: 'fact', fact: 'ip_options' },
  summary: 'Kinds of the IPv4 options; `ip.options any` is every packet with options.',
  units: '',
  source: 'RFC 791, IANA IP option numbers',
  absent: 'not IPv4, no options, or the header is cut off',
  example: 'ip.options { loose-source-route, strict-source-route }',
};
