import type { Action } from './action.ts';

export const drop: Action = {
  name: 'drop',
  kind: 'verdict',
  argument: null,
  parameters: [],
  summary: 'Discards the packet and looks at no further rule.',
  example: 'count, drop',
};
