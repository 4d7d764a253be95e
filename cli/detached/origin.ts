/** What a detached program was made of, kept beside it: so that it can be reloaded by its name, and its rules be compared with others. */
import path from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Sources } from '../../compiler/2-resolve/sources.ts';
import type { HookName } from '../../grammar/fields/field.ts';
import type { SourceFile } from '../../grammar/source.ts';
import type { Notes } from '../../runtime/pinned/pinned-program.ts';
import { STDIN } from '../rule-source.ts';
import type { PrepareOptions, RunnableProgram } from '../runnable-program.ts';

export interface Origin {
  /** Absolute; null: the rules came from the command line, or from standard input. */
  readonly file: string | null;
  /** `--include-root`, absolute. */
  readonly roots: readonly string[];
  readonly hook: HookName | null;
  readonly flow_cache: boolean | null;
}

export function originOf(rules: RunnableProgram, { hook, planning }: Pick<PrepareOptions, 'hook' | 'planning'>): Origin {
  const file = rules.kind === 'file' && rules.file !== STDIN ? path.resolve(rules.file) : null;
  return { file, roots: rules.roots.map((root) => path.resolve(root)), hook, flow_cache: planning.flowCache ?? null };
}

/** @param sources null: it was compiled before */
export function notesOf(origin: Origin, sources: Sources | null): Notes {
  return { origin, sources: sources === null ? null : packSources(sources) };
}

interface Packed {
  /** The main file first. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** From which file, the path as it stands there, and the file that it led to. */
  readonly references: readonly (readonly [number, string, number])[];
}

function packSources({ main, files }: Sources): Uint8Array {
  const known = new Map<SourceFile, number>();
  const all: SourceFile[] = [];
  const numberOf = (file: SourceFile) => {
    const number = known.get(file) ?? all.push(file) - 1;
    known.set(file, number);
    return number;
  };
  numberOf(main);
  const references = [...files].flatMap(([from, named]) =>
    [...named].flatMap(([written, reference]) =>
      reference.found ? [[numberOf(from), written, numberOf(reference.source)] as const] : [],
    ),
  );
  const packed: Packed = { files: all.map(({ name, text }) => ({ name, text })), references };
  return deflateRawSync(JSON.stringify(packed));
}

export function unpackSources(bytes: Uint8Array): Sources {
  const { files, references } = JSON.parse(inflateRawSync(bytes).toString('utf8')) as Packed;
  const sources: readonly SourceFile[] = files;
  const main = sources[0] ?? { name: '', text: '' };
  const named = new Map<SourceFile, Map<string, { found: true; source: SourceFile }>>();
  for (const [from, written, to] of references) {
    const [file, source] = [sources[from], sources[to]];
    if (file === undefined || source === undefined) continue;
    const of = named.get(file) ?? new Map();
    named.set(file, of.set(written, { found: true, source }));
    if (!named.has(source)) named.set(source, new Map());
  }
  return { main, files: named };
}
