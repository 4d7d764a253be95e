/** A change that goes back unless somebody confirms it: noted before it is made, so that whoever comes after a dead process knows. */
import { renameSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import type { Libc } from '../ffi/libc.ts';
import { CLOCK_BOOTTIME } from '../ffi/libc.ts';
import { codeOf } from './directory.ts';
import type { Bpf } from './edition.ts';
import { PENDING, UNFINISHED } from './entries.ts';
import { pinBytes, readPinnedBytes } from './pinned-bytes.ts';

export type Undo =
  /** The edition from before is put back. */
  | { readonly kind: 'edition'; readonly edition: number; readonly back_to: number }
  /** The data from before are put back; they lie ready as a generation of their own. */
  | { readonly kind: 'data'; readonly edition: number; readonly generation: number; readonly back_to: number }
  /** There was nothing before: it is stopped. */
  | { readonly kind: 'stop' };

export interface Pending {
  readonly undo: Undo;
  /** On the clock of `nowBoot_ms`. */
  readonly deadline_ms: number;
}

/** Milliseconds since the machine started; goes on while it sleeps, and nobody sets it. */
export function nowBoot_ms(libc: Libc): number {
  const time = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_BOOTTIME, time);
  return Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1_000_000);
}

/** null: nothing waits to be confirmed. @throws RuntimeError PKT6008 */
export function readPending({ libbpf, libc }: Bpf, folder: string): Pending | null {
  const bytes = readPinnedBytes(libbpf, libc, path.join(folder, PENDING));
  return bytes === null ? null : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Pending);
}

/** @throws RuntimeError PKT6008, PKT6014 */
export function writePending({ libbpf, libc }: Bpf, folder: string, pending: Pending): void {
  const made = path.join(folder, `${UNFINISHED}${PENDING}`);
  pinBytes(libbpf, libc, made, Buffer.from(JSON.stringify(pending)));
  renameSync(made, path.join(folder, PENDING));
}

/** From here on the change stays. */
export function removePending(folder: string): void {
  try {
    unlinkSync(path.join(folder, PENDING));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
