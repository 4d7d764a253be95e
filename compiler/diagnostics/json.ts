import type { SourceFile, Span } from '../../grammar/source.ts';
import { CATALOG, isCode } from './catalog.ts';
import type { Diagnostic, Label } from './diagnostic.ts';
import { type LineStarts, lineStarts, type Position, positionOf } from './position.ts';

/** Version of the object; it changes when a member goes or changes its meaning, not when one is added. */
export const DIAGNOSTIC_VERSION = 1;

export interface JsonPlace {
  readonly file: string;
  readonly start: Position;
  /** Exclusive. */
  readonly end: Position;
  readonly text: string;
}

export interface JsonDiagnostic {
  readonly version: typeof DIAGNOSTIC_VERSION;
  readonly code: string;
  readonly title: string | null;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly primary: JsonPlace | null;
  readonly related: readonly JsonPlace[];
  readonly help: string | null;
  readonly fixes: readonly { readonly title: string; readonly edits: readonly JsonPlace[] }[];
}

/** Line starts worked out once for many diagnostics of a file. */
export type LineIndex = Map<SourceFile, LineStarts>;

/**
 * One object for a line of `--json`: bytes are UTF-8 offsets, lines and columns count from 1. A fix's edits are in the primary's file.
 * Pass one `starts` for a whole list where files are large.
 */
export function diagnosticToJson(diagnostic: Diagnostic, starts: LineIndex = new Map()): JsonDiagnostic {
  const place = (source: SourceFile, span: Span, text: string): JsonPlace => {
    const lines = starts.get(source) ?? lineStarts(source.text);
    starts.set(source, lines);
    return {
      file: source.name,
      start: positionOf(source.text, lines, span.start),
      end: positionOf(source.text, lines, span.end),
      text,
    };
  };
  const label = (one: Label): JsonPlace => place(one.source, one.span, one.text);
  const { code, severity, message, primary, related, help, fixes } = diagnostic;
  return {
    version: DIAGNOSTIC_VERSION,
    code,
    title: isCode(code) ? CATALOG[code].title : null,
    severity,
    message,
    primary: primary && label(primary),
    related: related.map(label),
    help,
    fixes: primary
      ? fixes.map((fix) => ({
          title: fix.title,
          edits: fix.edits.map((edit) => place(primary.source, edit.span, edit.text)),
        }))
      : [],
  };
}
