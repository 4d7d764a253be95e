/**
 * The files that a rule file names with `include` and `set … from`. Paths are relative to the file that says them, and lead to
 * plain files below the allowed directories only: whoever writes a rule file does not get to read everything that pktc may read.
 */
import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ReferencedFiles, Sources, Unreadable } from '../compiler/2-resolve/sources.ts';
import type { SourceFile } from '../grammar/source.ts';
import { Failure } from './failure.ts';
import { hasChanged, unreadableReason } from './read-file.ts';
import { decodeUtf8 } from './rule-source.ts';

/** A million IPv6 prefixes are some 25 MB. */
const LARGEST_BYTES = 256 * 2 ** 20;

/** All files together; that many names of files are a loop that something generates, or a mistake. */
const FILES_MAX = 1000;

export interface CollectOptions {
  /** Where the main file is; paths in it are relative to this directory, and lead below it. */
  readonly folder: string;
  /** More directories that files may come from. */
  readonly roots: readonly string[];
}

interface Collection {
  readonly roots: readonly string[];
  readonly files: Map<SourceFile, ReadonlyMap<string, Awaited<ReturnType<typeof reach>>>>;
  /** By their real paths: a file is read once. */
  readonly known: Map<string, SourceFile>;
}

/** A path as it stands in a rule file, and what the file it names holds. */
interface Named {
  readonly path: string;
  readonly holds: 'rules' | 'values';
}

/** Reads what `main` names, and what that names. What cannot be read is told with its place, by the phase that looks for it. */
export async function collectSources(main: SourceFile, { folder, roots }: CollectOptions): Promise<Sources> {
  const named = await namedBy(main);
  if (named.length === 0) return { main, files: new Map() };
  const allowed = await Promise.all([folder, ...roots].map((root) => realpath(root).catch(() => path.resolve(root))));
  const collection: Collection = { roots: allowed, files: new Map(), known: new Map() };
  const mainPath = await realpath(path.join(folder, path.basename(main.name))).catch(() => null);
  if (mainPath !== null) collection.known.set(mainPath, main);
  const waiting: { readonly source: SourceFile; readonly folder: string; readonly named: readonly Named[] }[] = [
    { source: main, folder, named },
  ];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { source, folder: from } = next;
    const references = new Map<string, Awaited<ReturnType<typeof reach>>>();
    collection.files.set(source, references);
    for (const { path: written, holds } of next.named) {
      if (references.has(written)) continue;
      const reference = await reach(collection, from, written, holds);
      references.set(written, reference);
      if (!reference.found || holds === 'values' || collection.files.has(reference.source)) continue;
      collection.files.set(reference.source, new Map());
      const more = await namedBy(reference.source);
      waiting.push({ source: reference.source, folder: path.dirname(path.join(from, written)), named: more });
    }
  }
  return { main, files: collection.files satisfies ReferencedFiles };
}

/** A look at the syntax, for files that seem to name others. */
async function namedBy(source: SourceFile): Promise<readonly Named[]> {
  if (!/\b(?:include|from)\b/.test(source.text)) return [];
  const { recognise } = await import('../compiler/1-parse/recognise.ts');
  const { statements } = recognise(source);
  return statements.flatMap((statement): readonly Named[] => {
    if (statement.kind === 'include') return [{ path: statement.path.text, holds: 'rules' }];
    if (statement.kind !== 'set' || statement.from === null) return [];
    return [{ path: statement.from.text, holds: 'values' }];
  });
}

async function reach({ roots, known }: Collection, folder: string, written: string, holds: Named['holds']) {
  if (written === '' || written.includes('\\') || written.includes('\0')) {
    return unreadable('not a path', 'name a file; escapes are not read in a path');
  }
  const named = path.isAbsolute(written) ? written : path.join(folder, written);
  try {
    const real = await realpath(named);
    if (!roots.some((root) => isBelow(root, real))) return outside(roots);
    const source = known.get(real);
    if (source !== undefined) return { found: true, source } as const;
    if (known.size >= FILES_MAX) return unreadable(`these would be more than ${FILES_MAX} files`, 'put several files into one');
    const read = { name: named, text: textOf(named, await readPlainFile(real), holds) };
    known.set(real, read);
    return { found: true, source: read } as const;
  } catch (error) {
    if (error instanceof Failure) return unreadable(error.message, error.help);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return unreadable(unreadableReason(error), missing ? `the path is relative to \`${folder}\`` : null);
  }
}

/** The bytes of a file that a rule file names, a capture say: below the same directories. */
export async function readNamedFile(written: string, { folder, roots }: CollectOptions): Promise<Uint8Array | Unreadable> {
  if (written === '' || written.includes('\0')) return unreadable('not a path', 'name a file');
  try {
    const allowed = await Promise.all([folder, ...roots].map((root) => realpath(root)));
    const real = await realpath(path.isAbsolute(written) ? written : path.join(folder, written));
    return allowed.some((root) => isBelow(root, real)) ? await readPlainFile(real) : outside(allowed);
  } catch (error) {
    if (error instanceof Failure) return unreadable(error.message, error.help);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return unreadable(unreadableReason(error), missing ? `the path is relative to \`${folder}\`` : null);
  }
}

function unreadable(reason: string, help: string | null): Unreadable {
  return { found: false, outside: false, reason, help };
}

function outside(roots: readonly string[]): Unreadable {
  const list = roots.map((root) => `\`${root}\``).join(', ');
  return {
    found: false,
    outside: true,
    reason: `files come from ${list}`,
    help: 'move the file there, or allow its directory with `--include-root DIR`',
  };
}

function isBelow(root: string, file: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/** Not a device, a pipe or a socket, which could keep a reader waiting or never end. */
async function readPlainFile(real: string): Promise<Uint8Array> {
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    // A directory on the way may have become a link since the path was looked at.
    if ((await readlink(`/proc/self/fd/${handle.fd}`)) !== real) throw new Failure('it was replaced while it was opened');
    if (stats.isDirectory()) throw new Failure('it is a directory');
    if (!stats.isFile()) throw new Failure('it is not a plain file');
    if (stats.size > LARGEST_BYTES) throw new Failure(`it is larger than ${LARGEST_BYTES / 2 ** 20} MiB`);
    const bytes = await handle.readFile();
    if (bytes.length > LARGEST_BYTES) throw new Failure('it grew while it was read');
    if (hasChanged(stats, await handle.stat(), bytes.length)) throw new Failure('it was written while it was being read');
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Rules have to be UTF-8. In a list only comments can be anything else, and those of old lists often are. */
function textOf(name: string, bytes: Uint8Array, holds: Named['holds']): string {
  if (bytes.includes(0)) throw new Failure('it is a binary file', { help: 'name a text file, uncompressed' });
  return holds === 'rules' ? decodeUtf8(name, bytes) : new TextDecoder('utf-8').decode(bytes);
}
