import type { Action } from './action.ts';

export const drop: Action = {
  name: 'drop',
  kind: 'verdict',
  parameters: [],
  summary: 'Discards the packet and looks at no further rule.',
  example: 'count, drop',
};
