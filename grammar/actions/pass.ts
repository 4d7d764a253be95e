import type { Action } from './action.ts';

export const pass: Action = {
  name: 'pass',
  kind: 'verdict',
  argument: null,
  parameters: [],
  summary: 'Lets the packet go on to the kernel and looks at no further rule.',
  example: 'pass',
};
