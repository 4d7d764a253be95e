/** The threads of a command that prints JSON lines, until it stops. */
import type { LoadedProgram } from '../../runtime/load.ts';
import type { Stop } from '../stop.ts';
import type { Terminal } from '../terminal.ts';
import type { Lines } from './line-messages.ts';
import { createLineWorkers, type LineWorkers, type LineWorkersOptions } from './line-workers.ts';
import { createOverload } from './overload.ts';

export interface LinePrinter {
  printLines(lines: Lines): Promise<boolean>;
  readonly waited_ms: number;
}

export function createCommandWorkers(
  loaded: LoadedProgram,
  asked: Pick<LineWorkersOptions, 'when' | 'only' | 'interfaces'>,
  printer: LinePrinter,
  stop: Stop,
  terminal: Terminal,
): LineWorkers {
  const overload = createOverload();
  return createLineWorkers({
    ...asked,
    libc: loaded.internals.libc,
    isOverloaded: (waiting) => overload.look(waiting, printer.waited_ms),
    print: printer.printLines,
    onRefused: ({ message }) =>
      terminal.say(`note: threads that would write lines could not be started, so one goes on alone: ${message}`),
    onFailed: (error) => stop.because({ kind: 'error', error }),
  });
}
