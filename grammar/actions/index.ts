/** The action table. */
import type { Action } from './action.ts';
import { add } from './add.ts';
import { audit } from './audit.ts';
import { block } from './block.ts';
import { count } from './count.ts';
import { drop } from './drop.ts';
import { log } from './log.ts';
import { mark } from './mark.ts';
import { pass } from './pass.ts';
import { redirect } from './redirect.ts';
import { reject } from './reject.ts';

export const ACTIONS: readonly Action[] = [pass, drop, reject, redirect, audit, count, log, mark, add, block];

const BY_NAME: ReadonlyMap<string, Action> = new Map(ACTIONS.map((action) => [action.name, action]));

export function actionNamed(name: string): Action | undefined {
  return BY_NAME.get(name);
}
