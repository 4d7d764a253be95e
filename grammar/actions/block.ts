import type { Action } from './action.ts';

export const block: Action = {
  name: 'block',
  kind: 'state',
  argument: { type: 'key', to: false },
  parameters: [
    {
      word: 'for',
      type: 'duration',
      min: 1,
      max: 3_650 * 86_400_000,
      summary: 'How long, from now on. It must be given.',
    },
    {
      word: 'else',
      type: 'verdict',
      min: 0,
      max: 0,
      summary: 'What becomes of the packet when the set is full; `drop` without it.',
    },
    {
      word: 'unless',
      type: 'guard',
      min: 0,
      max: 0,
      summary: 'Neither blocks nor drops where this holds: the rules below go on.',
    },
  ],
  summary:
    'Drops this packet, and every packet with the same value of the field ahead of the first rule for as long as it says. A packet without the field is not blocked.',
  example: 'block src for 10m unless src 10.0.0.0/8, log',
};
