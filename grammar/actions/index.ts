/** The action table. */
import type { Action } from './action.ts';
import { count } from './count.ts';
import { drop } from './drop.ts';
import { log } from './log.ts';
import { pass } from './pass.ts';

export const ACTIONS: readonly Action[] = [pass, drop, count, log];

const BY_NAME: ReadonlyMap<string, Action> = new Map(ACTIONS.map((action) => [action.name, action]));

export function actionNamed(name: string): Action | undefined {
  return BY_NAME.get(name);
}
