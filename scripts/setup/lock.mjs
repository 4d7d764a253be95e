/** One set-up at a time in a checkout: two terminals may start the demo together. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { SetupError, say } from './progress.mjs';

const WAIT_MS = 100;

export const LOCK_NAME = '.setup.lock';

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Makes the lock file, if nobody else has it. @throws SetupError when this folder is not ours to write in */
function take(file) {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
    throw new SetupError('this checkout has to be built, and is not yours to write in', 'run `npm run demo` once as its owner');
  }
}

/** @param {string} root @param {() => void} work */
export function withLock(root, work) {
  const file = path.join(root, 'dist', LOCK_NAME);
  for (let said = false; !take(file); ) {
    let holder = 0;
    try {
      holder = Number(readFileSync(file, 'utf8'));
    } catch {
      continue; // released this moment
    }
    if (holder > 0 && !isAlive(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!said) say(`waiting for another set-up in this folder (process ${holder})`);
    said = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}
