/** A file that this process makes, writes and can take away again. Others cannot read it, and no link leads elsewhere. */
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { Failure } from './failure.ts';
import { failureOf, shownPath } from './read-file.ts';

export interface NewFile {
  readonly path: string;
  /** Bytes written. */
  readonly size: number;
  /** Writes all of it, or throws the system's error; then `written` of it say how much got there. */
  write(bytes: Uint8Array): void;
  /** Bytes of the last `write` that got there. */
  readonly written: number;
  /** Cuts off what is behind so many bytes. */
  truncate(size: number): void;
  /** May be called again. */
  close(): void;
  /** Takes it away, unless another file has its name by now. */
  remove(): void;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_CLOEXEC = 0 } = constants as typeof constants & { O_CLOEXEC?: number };

/** @param overwrite a regular file that is there is replaced, by a new one: whoever reads the old one keeps it. @throws Failure */
export function createFile(path: string, overwrite: boolean): NewFile {
  if (overwrite) removeOld(path);
  try {
    return newFile(path, openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? refusal(path) : failureOf(path, error, 'write');
  }
}

function newFile(path: string, fd: number): NewFile {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const state = { size: 0, written: 0, open: true };
  return {
    path,
    get size() {
      return state.size;
    },
    get written() {
      return state.written;
    },
    write(bytes) {
      state.written = 0;
      while (state.written < bytes.length) {
        const count = writeSync(fd, bytes, state.written, bytes.length - state.written);
        state.written += count;
        state.size += count;
      }
    },
    truncate(size) {
      ftruncateSync(fd, size);
      state.size = size;
    },
    close() {
      if (!state.open) return;
      state.open = false;
      closeSync(fd);
    },
    remove() {
      const there = lookAt(path);
      if (there?.dev === dev && there.ino === ino) unlinkSync(path);
    },
  };
}

/** null: nothing has this name. A link is looked at itself. */
function lookAt(path: string) {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

function removeOld(path: string): void {
  try {
    const there = lookAt(path);
    if (there === null) return;
    if (!there.isFile()) throw refusal(path);
    unlinkSync(path);
  } catch (error) {
    throw error instanceof Failure ? error : failureOf(path, error, 'write');
  }
}

/** Why a name that is taken is left alone. */
function refusal(path: string): Failure {
  const there = lookAt(path);
  if (there?.isSymbolicLink()) {
    return new Failure(`${shownPath(path)} is a symbolic link, which is not followed`, { help: 'name the file itself' });
  }
  if (there !== null && !there.isFile()) {
    return new Failure(`${shownPath(path)} is there and no regular file`, { help: 'name a new file' });
  }
  return new Failure(`${shownPath(path)} is there already`, { help: 'name another file, or replace it with `--overwrite`' });
}
