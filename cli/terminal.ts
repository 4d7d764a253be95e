/** Where a command reads and prints. Results go to stdout, everything else to stderr. */
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { type Paint, painter } from '../compiler/diagnostics/paint.ts';

export interface Terminal {
  /**
   * Writes to stdout, and waits when the reader is slow: nothing piles up in memory. False when the reader has gone (`pktc run |
   * head`), which ends a command quietly.
   */
  print(text: string | Uint8Array): Promise<boolean>;
  /** Like `print`. null: all of it is written; else how many of its bytes are known to be. */
  offer(text: string | Uint8Array): Promise<number | null>;
  /** Writes a line to stderr. */
  say(text: string): void;
  /** Like `say`, but only for people: nothing when stderr is not a terminal. `clear` takes it away again. */
  readonly progress: { show(text: string): void; clear(): void };
  readonly out: Stream;
  readonly err: Stream;
  /** Whether the reader of stdout has gone. */
  closed(): boolean;
  /** Resolves when stdout's reader goes away, or stdout cannot be written for another reason. */
  readonly gone: Promise<void>;
  /** That other reason: a full disk, say. */
  readonly failure: NodeJS.ErrnoException | null;
  /** Waits until everything is written, or the reader has gone. */
  flush(): Promise<void>;
  /** The reader has stopped reading, and the command is to end: what is not written yet will not be. */
  abandon(): void;
}

export interface Stream {
  readonly fd: number;
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

function streamOf(stream: NodeJS.WriteStream & { readonly fd: number }, environment: Environment): Stream {
  const isTerminal = stream.isTTY === true;
  const color = wantsColor(environment, isTerminal);
  return { fd: stream.fd, paint: painter(color), color, isTerminal, columns: stream.columns || 80 };
}

/** @param onFailure is told once when stdout cannot be written, and not because its reader has gone */
export function openTerminal(onFailure: (error: NodeJS.ErrnoException) => void = () => {}): Terminal {
  const { stdout, stderr, env } = process;
  const state: State = { closed: false, progress: false, failure: null };
  let leave = () => {};
  const gone = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const abandon = () => {
    state.closed = true;
    leave();
  };
  const fail = (error: NodeJS.ErrnoException) => {
    if (state.closed) return;
    if (!isReaderGone(error, stdout.isTTY === true)) {
      state.failure = error;
      onFailure(error);
    }
    abandon();
  };
  stdout.on('error', fail);
  stderr.on('error', () => {});
  const err = streamOf(stderr, env);
  const clear = () => {
    if (state.progress) stderr.write('\r\x1b[K');
    state.progress = false;
  };
  const toFile = isFile(stdout);
  const offer = async (text: string | Uint8Array): Promise<number | null> => {
    if (state.closed) return 0;
    clear();
    if (toFile) return writeToFile(stdout.fd, text, fail);
    await Promise.race([written(stdout, text), gone]);
    return state.closed ? 0 : null;
  };
  return {
    out: streamOf(stdout, env),
    err,
    gone,
    abandon,
    offer,
    get failure() {
      return state.failure;
    },
    closed: () => state.closed,
    print: async (text) => (await offer(text)) === null,
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

interface State {
  closed: boolean;
  progress: boolean;
  failure: NodeJS.ErrnoException | null;
}

/** Of a pipe, a socket, or a terminal that has been hung up. */
function isReaderGone({ code = '' }: NodeJS.ErrnoException, isTerminal: boolean): boolean {
  return ['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(code) || (isTerminal && code === 'EIO');
}

/** A regular file, or a device such as `/dev/null`. */
function isFile(stream: NodeJS.WriteStream & { fd: number }): boolean {
  if (stream.isTTY === true) return false;
  try {
    const stats = fstatSync(stream.fd);
    return stats.isFile() || stats.isCharacterDevice();
  } catch {
    return false;
  }
}

/** A disk that is nearly full takes a part, which Node's stream would take for all. */
function writeToFile(fd: number, text: string | Uint8Array, fail: (error: NodeJS.ErrnoException) => void): number | null {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let at = 0;
  try {
    while (at < bytes.length) at += writeSync(fd, bytes, at);
    return null;
  } catch (error) {
    fail(error as NodeJS.ErrnoException);
    return at;
  }
}

/** Also when it went wrong: then there is an error besides. */
function written(stream: Writable, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => stream.write(text, () => resolve()));
}
