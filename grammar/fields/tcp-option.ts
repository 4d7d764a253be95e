import type { Field } from './field.ts';

export const tcpOption: Field = {
  name: 'tcp.option',
  group: 'transport',
  type: {
    kind: 'kinds',
    names: {
      nop: 1,
      mss: 2,
      'window-scale': 3,
      'sack-permitted': 4,
      sack: 5,
      timestamps: 8,
      md5: 19,
      'user-timeout': 28,
      ao: 29,
      mptcp: 30,
      'fast-open': 34,
    },
  },
  read: { kind: 'fact', fact: 'tcp_options' },
  summary: 'Kinds of the TCP options.',
  units: '',
  source: 'RFC 9293, IANA TCP option kinds',
  absent: 'not TCP, no options, a later fragment, or the header is cut off',
  example: 'tcp.option md5',
};
