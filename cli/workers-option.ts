/** Threads that write JSON lines. */
import type { WorkersWhen } from './events/line-workers.ts';
import { EXIT } from './exit-code.ts';
import { Failure } from './failure.ts';

export const WORKERS_OPTION = {
  choices: ['auto', 'always', 'never'] as const satisfies readonly WorkersWhen[],
  requiresArg: true,
  describe: 'with `--json`: threads that write lines, one a ring, when one does not keep up (auto); they mix the order of CPUs',
} as const;

/** What else is asked of the lines; with some of it one thread has to see each event. */
export interface LinesAsked {
  readonly json: boolean;
  /** Options that threads cannot carry out, by their names. */
  readonly alone: Readonly<Record<string, boolean>>;
}

/** @throws Failure when threads are asked for and cannot be had */
export function workersFromOption(value: WorkersWhen | undefined, { json, alone }: LinesAsked): WorkersWhen {
  if (value !== undefined && !json) {
    throw new Failure('`--workers` is about `--json`', { exit: EXIT.usage, help: 'add `--json`, or leave it out' });
  }
  const option = Object.keys(alone).find((name) => alone[name]);
  if (value === 'always' && option !== undefined) {
    throw new Failure(`\`--workers always\` does not go with \`${option}\`, which one thread looks after`, {
      exit: EXIT.usage,
      help: 'leave one of them out',
    });
  }
  return json && option === undefined ? (value ?? 'auto') : 'never';
}
