import { execFile } from 'node:child_process';
import { access, constants, readdir } from 'node:fs/promises';
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

/**
 * The clang that builds programs: `$PKTC_CLANG`, a path or a name in `$PATH`, else `clang` in `$PATH`, else the newest `clang-N`
 * there; folders of `$PATH` that are not absolute do not count. It is asked for its version in the environment that it will
 * compile in. Never throws.
 */
export async function findClang(environment: NodeJS.ProcessEnv = process.env): Promise<Clang> {
  const asked = environment.PKTC_CLANG;
  const searchPath = environment.PATH ?? '';
  const file = asked ? await namedClang(asked, searchPath) : await inPath(searchPath);
  if (file === null) return { found: false, reason: 'missing' };
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], {
      timeout: VERSION_TIMEOUT_MS,
      env: { ...clangEnvironment(tmpdir()) },
    });
    const version = stdout.split('\n')[0]?.trim() ?? '';
    const major = Number(/clang version (\d+)/.exec(version)?.[1]);
    if (Number.isNaN(major)) return { found: false, reason: 'broken', path: file, message: 'it does not say its version' };
    return { found: true, path: file, major, version };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { found: false, reason: 'missing' };
    return { found: false, reason: 'broken', path: file, message: message.split('\n')[0] ?? '' };
  }
}

/** clang works in a folder of its own, so its path does not depend on where it is asked for. */
async function namedClang(asked: string, searchPath: string): Promise<string | null> {
  if (asked.includes('/')) return path.resolve(asked);
  for (const folder of absolute(searchPath)) {
    const file = path.join(folder, asked);
    if (await isExecutable(file)) return file;
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
    if (await isExecutable(plain)) return plain;
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

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
