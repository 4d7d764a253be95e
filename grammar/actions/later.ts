import type { ActionKind } from './action.ts';

/** Actions of the language that this version knows by name and does not carry out yet. */
export const LATER_ACTIONS: Readonly<Record<string, ActionKind>> = {
  balance: 'verdict',
  rewrite: 'verdict',
  top: 'observe',
  distinct: 'observe',
  hist: 'observe',
  flow: 'observe',
  capture: 'observe',
  limit: 'state',
  learn: 'state',
  alert: 'notify',
};
