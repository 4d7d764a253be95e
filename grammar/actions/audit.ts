import type { Action } from './action.ts';

export const audit: Action = {
  name: 'audit',
  kind: 'rehearse',
  argument: { type: 'word', words: ['drop'] },
  parameters: [],
  summary:
    'Rehearses a drop: ends the evaluation and counts as `drop` would, but the packet passes, and events and summaries say `audit`.',
  example: 'audit drop, log',
};
