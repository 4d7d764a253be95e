/** How a command ends its process. */
import { isatty } from 'node:tty';
import type { ExitCode } from './exit-code.ts';

const STANDARD_STREAMS: readonly number[] = [0, 1, 2];

/**
 * To be called first, for what it finds; the result ends the process. Node aborts when it ends and cannot set the mode of a terminal that
 * has gone; of the signal that says so it dies quietly.
 */
export function prepareEnd(): (exit: ExitCode) => void {
  const terminals = STANDARD_STREAMS.filter((fd) => isatty(fd));
  return (exit) => {
    if (!terminals.every((fd) => isatty(fd))) {
      process.removeAllListeners('SIGHUP');
      process.kill(process.pid, 'SIGHUP');
    }
    process.exit(exit);
  };
}
