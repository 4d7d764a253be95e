import type { SourceFile } from '../../grammar/source.ts';

/**
 * The files of a program, as whoever reads files has found them: the phases do no I/O. `files` has, for each file that says
 * `include "path"` or `set … from "path"`, what is behind each path, by the path as it stands between the quotes.
 */
export interface Sources {
  readonly main: SourceFile;
  readonly files: ReferencedFiles;
}

export type ReferencedFiles = ReadonlyMap<SourceFile, ReadonlyMap<string, Reference>>;

/** One file is one object, by whatever paths it was reached. */
export type Reference = { readonly found: true; readonly source: SourceFile } | Unreadable;

export interface Unreadable {
  readonly found: false;
  /** Whether it was not looked at, because it lies outside of every directory that files may come from. */
  readonly outside: boolean;
  /** `there is no such file` */
  readonly reason: string;
  /** An imperative. */
  readonly help: string | null;
}

/** Where nobody has looked for files. */
const NOT_LOOKED_FOR: Unreadable = {
  found: false,
  outside: false,
  reason: 'no other file is read here',
  help: 'run `pktc check` on the file',
};

export function referenced(files: ReferencedFiles, from: SourceFile, path: string): Reference {
  return files.get(from)?.get(path) ?? NOT_LOOKED_FOR;
}
