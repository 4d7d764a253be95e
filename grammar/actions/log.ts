import type { Action } from './action.ts';

export const log: Action = {
  name: 'log',
  kind: 'observe',
  argument: null,
  parameters: [
    {
      word: 'sample',
      type: 'ratio',
      min: 1,
      max: 1_000_000,
      summary: 'Logs each packet with a chance of 1/N; the event carries N.',
    },
    {
      word: 'payload',
      type: 'bytes',
      min: 1,
      max: 256,
      summary: 'Adds up to this many bytes of what lies behind the transport header.',
    },
  ],
  summary: 'Streams an event: time, rule, verdict, interface, addresses, ports, protocol, flags, length.',
  example: 'log sample 1/10 payload 64, pass',
};
