import type { Action } from './action.ts';

export const add: Action = {
  name: 'add',
  kind: 'state',
  argument: { type: 'key', to: true },
  parameters: [
    {
      word: 'for',
      type: 'duration',
      min: 1,
      max: 3_650 * 86_400_000,
      summary: 'How long the element stays from now on; without it, the `timeout` of the set.',
    },
    {
      word: 'else',
      type: 'verdict',
      min: 0,
      max: 0,
      summary: 'What becomes of the packet when the set is full. Without it the rules below go on.',
    },
    {
      word: 'unless',
      type: 'guard',
      min: 0,
      max: 0,
      summary: 'Adds nothing where this holds.',
    },
  ],
  summary:
    'Puts the value of a field, or of several, into a set that the program fills. An element that is there already stays at least as long as a new one would; a packet without the field adds nothing.',
  declares: 'set seen: src size 64k timeout 10m',
  example: 'add src to seen for 10m else drop, log',
};
