/** Files that a user named: every way in which they cannot be read has its own sentence. */
import type { Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { visible } from '../compiler/diagnostics/visible.ts';
import { Failure } from './failure.ts';

const MIB = 2 ** 20;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links go round in a circle',
  ENAMETOOLONG: 'the path is too long',
  ENXIO: 'nobody is behind this device or socket',
};

/** As a message names it. */
export function shownPath(path: string): string {
  return `\`${visible(path)}\``;
}

/** `there is no such file` */
export function unreadableReason(error: unknown): string {
  return REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message;
}

export function failureOf(path: string, error: unknown, verb: 'read' | 'write'): Failure {
  const reason = unreadableReason(error).replace('read it', `${verb} it`);
  return new Failure(`cannot ${verb} ${shownPath(path)}: ${visible(reason)}`, { code: 'PKT6021' });
}

/** @param limit_bytes what is larger is refused before it fills the memory; `growing`: it may be written meanwhile, as captures are. @throws Failure */
export async function readBytes(path: string, limit_bytes: number, { growing = false } = {}): Promise<Uint8Array> {
  if (path.includes('\0')) throw new Failure(`cannot read ${shownPath(path)}: a path has no NUL byte`, { code: 'PKT6021' });
  try {
    const handle = await open(path, 'r');
    try {
      const stats = await handle.stat();
      if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      if (stats.size > limit_bytes) throw tooLarge(path, limit_bytes);
      const bytes = stats.isFile() ? await handle.readFile() : await readStream(handle.createReadStream(), path, limit_bytes);
      if (bytes.length > limit_bytes) throw tooLarge(path, limit_bytes);
      if (!growing && stats.isFile() && hasChanged(stats, await handle.stat(), bytes.length)) throw changedMeanwhile(path);
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof Failure ? error : failureOf(path, error, 'read');
  }
}

/** A pipe or standard input, whose size nobody knows before. @throws Failure */
export async function readStream(stream: AsyncIterable<Buffer>, path: string, limit_bytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit_bytes) throw tooLarge(path, limit_bytes);
  }
  return Buffer.concat(chunks);
}

/** Whoever writes a file in place leaves half of it for a while, and half of a rule file may well be a rule file. */
export function hasChanged(before: Stats, after: Stats, read_bytes: number): boolean {
  // Files of the kernel's own have no size, and are made as they are read.
  if (before.size === 0 && after.size === 0) return false;
  return read_bytes !== before.size || after.size !== before.size || after.mtimeMs !== before.mtimeMs;
}

function changedMeanwhile(path: string): Failure {
  return new Failure(`cannot read ${shownPath(path)}: it was written while it was being read`, {
    code: 'PKT6021',
    help: 'try again when it is whole; a program that writes rules should write another file and rename it',
  });
}

function tooLarge(path: string, limit_bytes: number): Failure {
  return new Failure(`cannot read ${shownPath(path)}: it is larger than ${Math.floor(limit_bytes / MIB)} MiB`, {
    code: 'PKT6021',
  });
}
