/** `pktc run` as a process in a namespace. */
import type { ChildProcess } from 'node:child_process';
import { LAUNCHER, plainEnvironment } from '../cli/pktc.ts';
import type { NetworkEnd } from './environment.ts';

export interface Running {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** null: ended by a signal. */
  readonly ended: Promise<number | null>;
}

interface Circumstances {
  /** false: nobody reads what it prints. */
  readonly read?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that starts it: `unshare -m`. */
  readonly starter?: readonly string[];
}

/** `pktc run` at one end of a network. */
export function start(
  end: NetworkEnd,
  parameters: readonly string[],
  { read = true, env = {}, starter = [] }: Circumstances = {},
): Running {
  const [command = process.execPath, ...rest] = [...starter, process.execPath, LAUNCHER, 'run', ...parameters];
  const child = end.spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...plainEnvironment(), ...env },
  });
  const texts = { stdout: '', stderr: '' };
  if (read)
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      texts.stdout += text;
    });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on(read ? 'close' : 'exit', (code) => resolve(code)));
  return { child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended };
}
