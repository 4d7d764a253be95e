/** What the compiler says about a rule file. Positions are UTF-16 offsets; the JSON form turns them into bytes and lines. */
import type { SourceFile, Span } from '../../grammar/source.ts';

export type Severity = 'error' | 'warning';

/** PKT1xxx syntax, 2 resolve, 3 checks, 4 target and plan, 5 toolchain, 6 load and runtime. */
export type DiagnosticCode = `PKT${1 | 2 | 3 | 4 | 5 | 6}${string}`;

export interface Label {
  readonly source: SourceFile;
  readonly span: Span;
  /** What is wrong *here*; may be empty. */
  readonly text: string;
}

export interface Fix {
  /** Imperative, shown after `help:`. */
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
}

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** Stands alone: lowercase, no full stop, backticks round code. */
  readonly message: string;
  /** null: about the machine or a whole file, not a place in it. */
  readonly primary: Label | null;
  readonly related: readonly Label[];
  readonly help: string | null;
  readonly fixes: readonly Fix[];
}

/** What a phase returns: it never throws on user text. */
export interface Outcome<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}
