/** A question on the terminal. */
import { createInterface } from 'node:readline';
import type { Stop } from './stop.ts';
import type { Terminal } from './terminal.ts';

/** Whether somebody is there to answer. */
export function canAsk(terminal: Terminal): boolean {
  return terminal.err.isTerminal && process.stdin.isTTY === true;
}

/** True for `y` and `yes`; anything else, the end of the input, Ctrl-C and a signal are a no. */
export async function ask(question: string, stop: Stop): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = new Promise<string>((resolve) => {
      lines.question(question, resolve);
      lines.once('SIGINT', () => resolve(''));
      lines.once('close', () => resolve(''));
    });
    return /^\s*y(?:es)?\s*$/i.test(await Promise.race([answer, stop.promise.then(() => '')]));
  } finally {
    lines.close();
  }
}
