/** A place in a source text: UTF-16 offsets, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text with the name people know it by (a path as typed, or `<expr>` for the command line). */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}
