import type { Argv } from 'yargs';
import type { EXIT, ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** One command of pktc; its file imports what it needs only when it runs, so that `pktc --help` is fast. */
export interface Command<Options> {
  /** As yargs reads it: `check <files..>`. */
  readonly usage: string;
  /** One line, lowercase, for the list of commands. */
  readonly summary: string;
  /** Command line and what it does; at least one. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  readonly exits: readonly (keyof typeof EXIT)[];
  options(yargs: Argv): Argv<Options>;
  /** @throws Failure, RuntimeError: `main` prints them. */
  run(options: Options, terminal: Terminal): Promise<ExitCode>;
}
