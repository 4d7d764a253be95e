import { execFile } from 'node:child_process';
import { accessSync } from 'node:fs';
import { constants, open, readdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { clangEnvironment } from './confine-clang.ts';

/** Oldest clang whose BPF output libbpf and the verifier take with what the templates use (`-mcpu=v3`, BTF for maps). */
export const OLDEST_CLANG = 11;

const VERSION_TIMEOUT_MS = 10_000;

export type Clang =
  | { readonly found: true; readonly path: string; readonly major: number; readonly version: string }
  | { readonly found: false; readonly reason: 'missing' }
  | { readonly found: false; readonly reason: 'broken'; readonly path: string; readonly message: string };

/** Where answers of programs are kept, by what they depend on. */
export interface KnownAnswers {
  get(key: string): Promise<Uint8Array | null>;
  put(key: string, answer: Uint8Array): Promise<void>;
}

/**
 * The clang that builds programs: `$PKTC_CLANG`, a path or a name in `$PATH`, else `clang` in `$PATH`, else the newest `clang-N`
 * there; folders of `$PATH` that are not absolute do not count. It is asked for its version in the environment that it will
 * compile in. Never throws.
 * @param known asked first, for the file as it is: starting clang takes longer than everything else for a program that is cached
 */
export async function findClang(
  environment: NodeJS.ProcessEnv = process.env,
  known: KnownAnswers | null = null,
): Promise<Clang> {
  const asked = environment.PKTC_CLANG;
  const searchPath = environment.PATH ?? '';
  const file = asked ? await namedClang(asked, searchPath) : await inPath(searchPath);
  if (file === null) return { found: false, reason: 'missing' };
  try {
    const key = known === null ? null : await identityOf(file);
    const answer = key === null ? null : ((await known?.get(key)) ?? null);
    const version = answer === null ? await askVersion(file) : new TextDecoder().decode(answer);
    const major = Number(/clang version (\d+)/.exec(version)?.[1]);
    if (Number.isNaN(major)) return { found: false, reason: 'broken', path: file, message: 'it does not say its version' };
    if (key !== null && answer === null) await known?.put(key, new TextEncoder().encode(version));
    return { found: true, path: file, major, version };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { found: false, reason: 'missing' };
    return { found: false, reason: 'broken', path: file, message: message.split('\n')[0] ?? '' };
  }
}

async function askVersion(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(file, ['--version'], {
    timeout: VERSION_TIMEOUT_MS,
    env: { ...clangEnvironment(tmpdir()) },
  });
  return stdout.split('\n')[0]?.trim() ?? '';
}

const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

/** What tells this file from any other, and from itself once it has been replaced; null: a script, which may start this clang or that. */
async function identityOf(file: string): Promise<string | null> {
  const real = await realpath(file).catch(() => null);
  const handle = real === null ? null : await open(real, constants.O_RDONLY).catch(() => null);
  if (handle === null) return null;
  try {
    const magic = Buffer.alloc(ELF_MAGIC.length);
    await handle.read(magic, 0, magic.length, 0);
    if (!magic.equals(ELF_MAGIC)) return null;
    const { dev, ino, size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
    return ['clang --version', file, real, dev, ino, size, mtimeNs, ctimeNs].join('\n');
  } finally {
    await handle.close();
  }
}

/** clang works in a folder of its own, so its path does not depend on where it is asked for. */
async function namedClang(asked: string, searchPath: string): Promise<string | null> {
  if (asked.includes('/')) return path.resolve(asked);
  for (const folder of absolute(searchPath)) {
    const file = path.join(folder, asked);
    if (isExecutable(file)) return file;
  }
  return null;
}

function absolute(searchPath: string): readonly string[] {
  return searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
}

/** Debian also installs it as `clang-14` alone. */
async function inPath(searchPath: string): Promise<string | null> {
  const folders = absolute(searchPath);
  for (const folder of folders) {
    const plain = path.join(folder, 'clang');
    if (isExecutable(plain)) return plain;
  }
  const numbered: { file: string; major: number }[] = [];
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      const major = /^clang-(\d+)$/.exec(name)?.[1];
      if (major !== undefined) numbered.push({ file: path.join(folder, name), major: Number(major) });
    }
  }
  return numbered.sort((a, b) => b.major - a.major)[0]?.file ?? null;
}

/** Asked here and not in another thread: a dozen folders are looked through before one thread has woken the other. */
function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
