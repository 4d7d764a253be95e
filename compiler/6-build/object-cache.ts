/**
 * Objects by the content they are made from: the same C is never compiled twice. The cache is trusted by nobody but its owner:
 * a folder or file of somebody else, or one that others can write, is left alone, and an entry that does not hash to what it
 * says is built again.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

const HASH_BYTES = 32;
const OTHERS_CAN_WRITE = 0o022;

export interface ObjectCache {
  /** null: not there, or not to be trusted. */
  get(key: string): Promise<Uint8Array | null>;
  /** Failing to store is no failure of the build. */
  put(key: string, object: Uint8Array): Promise<void>;
}

/** `$PKTC_CACHE_DIR`, else `pktc` under `$XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const asked = environment.PKTC_CACHE_DIR;
  if (asked && path.isAbsolute(asked)) return asked;
  const base = environment.XDG_CACHE_HOME;
  return path.join(base && path.isAbsolute(base) ? base : path.join(homedir(), '.cache'), 'pktc');
}

export function objectCache(folder: string): ObjectCache {
  const fileOf = (key: string) => path.join(folder, `${createHash('sha256').update(key).digest('hex')}.o`);
  return {
    async get(key) {
      if (!(await isOurs(folder))) return null;
      return readEntry(fileOf(key)).catch(() => null);
    },
    async put(key, object) {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
      if (!(await isOurs(folder))) return;
      const file = fileOf(key);
      const temporary = `${file}.${randomBytes(6).toString('hex')}`;
      await writeEntry(temporary, object)
        .then(() => rename(temporary, file))
        .catch(() => rm(temporary, { force: true }).catch(() => undefined));
    },
  };
}

/** Why nothing can be kept in a folder, so that everything is compiled anew; null: it can. Changes nothing. */
export async function cacheProblem(folder: string): Promise<string | null> {
  const stats = await lstat(folder).catch(() => null);
  if (stats === null) {
    const parent = path.dirname(folder);
    const made = await cacheProblemOfParent(parent);
    return made === null ? null : `${folder} cannot be made: ${made}`;
  }
  if (!(await isOurs(folder))) return `${folder} is not a directory that you alone can write`;
  return (await isWritable(folder)) ? null : `${folder} cannot be written`;
}

/** The nearest folder that is there has to let others be made in it. */
async function cacheProblemOfParent(folder: string): Promise<string | null> {
  const stats = await stat(folder).catch(() => null);
  if (stats === null) return path.dirname(folder) === folder ? 'there is no root' : cacheProblemOfParent(path.dirname(folder));
  return stats.isDirectory() && (await isWritable(folder)) ? null : `${folder} cannot be written`;
}

function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function isOurs(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => null);
  return stats?.isDirectory() === true && stats.uid === process.getuid?.() && (stats.mode & OTHERS_CAN_WRITE) === 0;
}

/** SHA-256 of the object, then the object. */
async function readEntry(file: string): Promise<Uint8Array | null> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.uid !== process.getuid?.() || (stats.mode & OTHERS_CAN_WRITE) !== 0) return null;
    const entry = await handle.readFile();
    const object = entry.subarray(HASH_BYTES);
    const hash = createHash('sha256').update(object).digest();
    return hash.equals(entry.subarray(0, HASH_BYTES)) ? new Uint8Array(object) : null;
  } finally {
    await handle.close();
  }
}

async function writeEntry(file: string, object: Uint8Array): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.writeFile(Buffer.concat([createHash('sha256').update(object).digest(), object]));
  } finally {
    await handle.close();
  }
}
