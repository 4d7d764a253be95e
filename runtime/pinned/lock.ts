/**
 * Who may change a detached program: one process at a time. The lock is the kernel's on the directory (flock(2)), so it is free as soon as
 * its holder is dead, however it died.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCK_EX, LOCK_NB, openLibc } from '../ffi/libc.ts';
import { RuntimeError } from '../runtime-error.ts';
import { codeOf, findPinned } from './directory.ts';

export interface PinnedLock {
  /** The directory of the program. */
  readonly folder: string;
  /** May be called again. */
  release(): void;
}

/** Longer than a verifier takes for a large program. */
const PATIENCE_MS = 30_000;
const INTERVAL_MS = 10;

/**
 * @param patience_ms how long to wait for another process; default half a minute
 * @throws RuntimeError PKT6061, PKT6062; PKT6070 when it is still being changed after that time
 */
export async function lockPinned(root: string, name: string, patience_ms = PATIENCE_MS): Promise<PinnedLock> {
  const end_ms = performance.now() + patience_ms;
  for (;;) {
    const lock = tryLock(root, name);
    if (lock !== null) return lock;
    if (performance.now() >= end_ms) break;
    await sleep(INTERVAL_MS);
  }
  throw new RuntimeError('PKT6070', `another command is changing \`${name}\``, {
    help: `nothing has been done; try again when it has ended (\`pktc status ${name}\`)`,
  });
}

/** null: somebody has it. @throws RuntimeError PKT6061, PKT6062 */
export function tryLock(root: string, name: string): PinnedLock | null {
  const folder = findPinned(root, name);
  const fd = openFolder(folder);
  if (fd === null) return null;
  const locked = openLibc().flock(fd, LOCK_EX | LOCK_NB) === 0;
  // It may have been stopped since it was opened, and another may have its name.
  if (!locked || !isSame(fd, folder)) {
    closeSync(fd);
    return null;
  }
  let open = true;
  const release = () => {
    if (open) closeSync(fd);
    open = false;
  };
  return { folder, release };
}

/** null: it has gone meanwhile. */
function openFolder(folder: string): number | null {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function isSame(fd: number, folder: string): boolean {
  try {
    return statSync(folder).ino === fstatSync(fd).ino;
  } catch {
    return false;
  }
}
