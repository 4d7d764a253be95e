/** Processes started by a small one of their own, for tests that start thousands: a test process is slow to fork. */
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { ProcessEnd, StartProcess } from '../../compiler/6-build/run-clang.ts';

interface Answer {
  readonly id: number;
  readonly end: ProcessEnd;
}

/** Begins with the first process that is asked for, and ends with the test. */
export function startElsewhere(): StartProcess {
  const waiting = new Map<number, (end: ProcessEnd) => void>();
  let starter: ChildProcess | null = null;
  let last = 0;

  const begin = (): ChildProcess => {
    const child = fork(path.join(import.meta.dirname, 'start-process.mjs'), { execArgv: [] });
    child.on('message', ({ id, end }: Answer) => {
      waiting.get(id)?.(end);
      waiting.delete(id);
      if (waiting.size === 0) rest(child);
    });
    child.on('exit', (code) => {
      starter = null;
      for (const settle of waiting.values()) settle({ code: null, late: false, stderr: '', message: `the starter: ${code}` });
      waiting.clear();
    });
    return child;
  };

  return (start) =>
    new Promise((settle) => {
      starter ??= begin();
      starter.ref();
      starter.channel?.ref();
      const id = last++;
      waiting.set(id, settle);
      starter.send({ id, ...start });
    });
}

/** A child that has nothing to do keeps nobody waiting. */
function rest(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}
