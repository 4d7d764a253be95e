import type { SetStatement } from '../../grammar/ast.ts';
import type { SourceFile } from '../../grammar/source.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Report } from './context.ts';
import { type FileSet, readFileSet } from './file-set.ts';
import { fileAt, type Whole } from './placed.ts';
import type { FileSetSummary } from './program.ts';
import { type ReferencedFiles, referenced } from './sources.ts';

export interface SetReader {
  /** null: it is broken or not supported, which has been told. */
  readonly read: (statement: SetStatement) => FileSet | null;
  /** What is wrong in the files. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was looked into, in that order. */
  readonly sources: () => readonly SourceFile[];
  /** The sets that have been read. */
  readonly lists: readonly FileSetSummary[];
}

/** Reads `set NAME from "file"`; two sets of one file are read once. */
export function createSetReader(whole: Whole, files: ReferencedFiles, report: Report): SetReader {
  const read = new Map<SourceFile, FileSet>();
  const diagnostics: Diagnostic[] = [];
  const lists: FileSetSummary[] = [];

  const load = (source: SourceFile): FileSet => {
    const known = read.get(source);
    if (known) return known;
    const { value, diagnostics: found } = readFileSet(source);
    for (const one of found) diagnostics.push(one);
    read.set(source, value);
    return value;
  };

  return {
    diagnostics,
    sources: () => [...read.keys()],
    lists,
    read: ({ from, options, name, span }) => {
      const [option] = options;
      if (from === null) return null;
      if (option) {
        const problem = 'is an option of sets that rules fill';
        const help = 'a list from a file has as many values as the file, and they stay';
        return report('PKT2061', { option: option.name.text, problem }, option.name.span, 'not of a file', { help });
      }
      const reference = referenced(files, fileAt(whole, span.start).source, from.text);
      if (!reference.found) {
        const { help, outside, reason } = reference;
        return report(outside ? 'PKT2051' : 'PKT2050', { path: from.text, reason }, from.span, reason, { help });
      }
      const set = load(reference.source);
      if (set.entries === 0 && !set.broken) {
        const help = 'put an address, number or MAC address into it, or delete the set';
        return report('PKT2055', { path: from.text }, from.span, 'no values', { help });
      }
      if (set.broken) return null;
      lists.push({ name: name.text, source: set.source, entries: set.entries, ranges: rangesOf(set) });
      return set;
    },
  };
}

function rangesOf({ v4, v6, numbers, macs }: FileSet): number {
  return v4.length + v6.length + numbers.length + macs.length;
}
