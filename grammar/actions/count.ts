import type { Action } from './action.ts';

export const count: Action = {
  name: 'count',
  kind: 'observe',
  argument: null,
  parameters: [],
  summary: 'Only counts: every rule counts its packets and bytes anyway, and this is the action of one that does nothing else.',
  example: 'count',
};
