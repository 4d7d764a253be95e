/** Files for tests that read none: what the collector of the command line would have found below one directory. */
import path from 'node:path';
import { parse } from '../../compiler/1-parse/parse.ts';
import type { Reference, ReferencedFiles } from '../../compiler/2-resolve/sources.ts';
import { type Analysis, analyse } from '../../compiler/index.ts';
import type { SourceFile } from '../../grammar/source.ts';

export type Files = Readonly<Record<string, string>>;

/** @param files texts by path; `main.rules` is the main file */
export function analyseFiles(files: Files, main = 'main.rules'): Analysis {
  const source = { name: main, text: files[main] ?? '' };
  return analyse(source, { hook: null, files: referencedFiles(source, files) });
}

export function referencedFiles(main: SourceFile, files: Files): ReferencedFiles {
  const sources = new Map([[main.name, main]]);
  const all = new Map<SourceFile, ReadonlyMap<string, Reference>>();
  const look = (source: SourceFile): void => {
    if (all.has(source)) return;
    const references = new Map<string, Reference>();
    all.set(source, references);
    for (const statement of parse(source).value.statements) {
      const named = statement.kind === 'include' ? statement.path : statement.kind === 'set' ? statement.from : null;
      if (named === null) continue;
      const reference = find(path.posix.join(path.posix.dirname(source.name), named.text));
      references.set(named.text, reference);
      if (reference.found && statement.kind === 'include') look(reference.source);
    }
  };
  const find = (name: string): Reference => {
    if (name.startsWith('..')) return { found: false, outside: true, reason: 'files come from here', help: null };
    const text = files[name];
    if (text === undefined) return { found: false, outside: false, reason: 'there is no such file', help: null };
    const source = sources.get(name) ?? { name, text };
    sources.set(name, source);
    return { found: true, source };
  };
  look(main);
  return all;
}

/** `names.rules:3 PKT2001`, in the order they are told. */
export function placesIn({ diagnostics }: Pick<Analysis, 'diagnostics'>): readonly string[] {
  return diagnostics.map(({ code, primary }) => {
    if (primary === null) return code;
    const line = primary.source.text.slice(0, primary.span.start).split('\n').length;
    return `${primary.source.name}:${line} ${code}`;
  });
}
