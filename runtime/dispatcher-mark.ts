/**
 * Which programs in a dispatcher end with a process. A dispatcher and its programs have names on a BPF file system, so a program stays in it
 * when its process is killed. A directory named after the program says that it must not, and the process has a lock on it (flock(2)): where nobody
 * has, the process is dead, and whoever comes next takes the program out.
 */
import { closeSync, constants, mkdirSync, openSync, readdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import type { Libbpf } from './ffi/libbpf.ts';
import { errnoNumber, type Libc, LOCK_EX, LOCK_NB } from './ffi/libc.ts';

/** No detached program has such a name. */
const PREFIX = '_dispatched_';

/** Until the result is called. Marks of programs that there are no more are taken away. */
export function markProgram(libbpf: Libbpf, libc: Libc, root: string, programId: number): () => void {
  for (const entry of readdirSync(root)) {
    if (!entry.startsWith(PREFIX) || !isAbandoned(libc, root, entry)) continue;
    const fd = libbpf.prog_get_fd_by_id(Number(entry.slice(PREFIX.length)));
    if (fd >= 0) libc.close(fd);
    else if (fd === -errnoNumber('ENOENT')) remove(path.join(root, entry));
  }
  const folder = path.join(root, `${PREFIX}${programId}`);
  mkdirSync(folder, { mode: 0o700 });
  const fd = openFolder(folder);
  libc.flock(fd, LOCK_EX | LOCK_NB);
  return () => {
    remove(folder);
    closeSync(fd);
  };
}

/** Whether the program was to end with a process that is dead. */
export function isLeftOver(libc: Libc, root: string, programId: number): boolean {
  return isAbandoned(libc, root, `${PREFIX}${programId}`);
}

/** When the program has been taken out. */
export function removeMark(root: string, programId: number): void {
  remove(path.join(root, `${PREFIX}${programId}`));
}

function isAbandoned(libc: Libc, root: string, entry: string): boolean {
  let fd: number;
  try {
    fd = openFolder(path.join(root, entry));
  } catch {
    return false;
  }
  const free = libc.flock(fd, LOCK_EX | LOCK_NB) === 0;
  closeSync(fd);
  return free;
}

function openFolder(folder: string): number {
  return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** Another process may have been quicker. */
function remove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {}
}
