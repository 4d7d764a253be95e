/** Where a command reads and prints. Results go to stdout, everything else to stderr. */
import type { Writable } from 'node:stream';
import { type Paint, painter } from '../compiler/diagnostics/paint.ts';

export interface Terminal {
  /**
   * Writes to stdout, and waits when the reader is slow: nothing piles up in memory. False when the reader has gone (`pktc run |
   * head`), which ends a command quietly.
   */
  print(text: string | Uint8Array): Promise<boolean>;
  /** Writes a line to stderr. */
  say(text: string): void;
  /** Like `say`, but only for people: nothing when stderr is not a terminal. `clear` takes it away again. */
  readonly progress: { show(text: string): void; clear(): void };
  readonly out: Stream;
  readonly err: Stream;
  /** Whether the reader of stdout has gone. */
  closed(): boolean;
  /** Resolves when stdout's reader goes away. */
  readonly gone: Promise<void>;
  /** Waits until everything is written, or the reader has gone. */
  flush(): Promise<void>;
  /** The reader has stopped reading, and the command is to end: what is not written yet will not be. */
  abandon(): void;
}

export interface Stream {
  readonly paint: Paint;
  readonly color: boolean;
  readonly isTerminal: boolean;
  /** Of the window, in characters; 80 where there is none. */
  readonly columns: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** https://no-color.org wins over FORCE_COLOR, which wins over what the stream is. */
export function wantsColor(environment: Environment, isTerminal: boolean): boolean {
  if (environment.NO_COLOR) return false;
  const force = environment.FORCE_COLOR;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTerminal && environment.TERM !== 'dumb';
}

function streamOf(stream: NodeJS.WriteStream, environment: Environment): Stream {
  const isTerminal = stream.isTTY === true;
  const color = wantsColor(environment, isTerminal);
  return { paint: painter(color), color, isTerminal, columns: stream.columns || 80 };
}

export function openTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  const state = { closed: false, progress: false };
  let leave = () => {};
  const gone = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const abandon = () => {
    state.closed = true;
    leave();
  };
  stdout.on('error', abandon);
  stderr.on('error', () => {});
  const err = streamOf(stderr, env);
  const clear = () => {
    if (state.progress) stderr.write('\r\x1b[K');
    state.progress = false;
  };
  return {
    out: streamOf(stdout, env),
    err,
    gone,
    abandon,
    closed: () => state.closed,
    async print(text) {
      if (state.closed) return false;
      clear();
      if (!stdout.write(text)) await Promise.race([drained(stdout), gone]);
      return !state.closed;
    },
    say(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress: {
      show(text) {
        if (!err.isTerminal) return;
        stderr.write(`\r\x1b[K${text}`);
        state.progress = true;
      },
      clear,
    },
    async flush() {
      clear();
      if (state.closed || stdout.writableLength === 0) return;
      await Promise.race([new Promise<void>((resolve) => stdout.write('', () => resolve())), gone]);
    },
  };
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.once('drain', resolve));
}
