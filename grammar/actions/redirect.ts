import type { Action } from './action.ts';

export const redirect: Action = {
  name: 'redirect',
  kind: 'verdict',
  argument: { type: 'interface' },
  parameters: [],
  summary:
    'Sends the packet out of another interface as it is, MAC addresses included, and looks at no further rule. The interface must be there when the program is loaded.',
  example: 'redirect eth1',
};
