import type { Field } from './field.ts';

export const flags: Field = {
  name: 'flags',
  group: 'transport',
  type: {
    kind: 'flags',
    bits: 8,
    names: { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10, URG: 0x20, ECE: 0x40, CWR: 0x80 },
  },
  read: { kind: 'header', from: [{ layer: 'tcp', offset: 13, size: 1, member: 'flags' }] },
  summary: 'TCP flags: every listed one is set, `!` means clear, others do not matter; `=` compares all eight bits.',
  units: '',
  source: 'RFC 9293, RFC 3168',
  absent: 'not TCP, a later fragment, or cut off',
  example: 'flags SYN,!ACK',
};
