import type { SourceFile, Span } from '../../grammar/source.ts';
import { type Code, type Details, diagnostic, type ParametersOf } from '../diagnostics/catalog.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { DefinedNames } from './names.ts';

/** Notes a diagnostic. Always null, so that `return report(…)` says "no value, and the reason has been told". */
export type Report = <C extends Code>(
  code: C,
  parameters: ParametersOf<C>,
  span: Span,
  text?: string,
  details?: Details,
) => null;

/** What every part of resolve needs besides the syntax it looks at. */
export interface Context {
  readonly source: SourceFile;
  readonly report: Report;
  readonly names: DefinedNames;
}

/** A report and the list it fills. One place is told one thing of a kind: a `let` used by ten rules has its error once. */
export function createReport(source: SourceFile): { readonly report: Report; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const told = new Set<string>();
  const report: Report = (code, parameters, span, text = '', details = {}) => {
    const key = `${code} ${span.start} ${span.end}`;
    if (told.has(key)) return null;
    told.add(key);
    diagnostics.push(diagnostic(code, parameters, { source, span, text }, details));
    return null;
  };
  return { report, diagnostics };
}

/** The text of a span. */
export function textOf(context: Context, span: Span): string {
  return context.source.text.slice(span.start, span.end);
}

/** A fix that puts `text` in the place of `span`. */
export function replacing(span: Span, text: string, title = `write \`${text}\``) {
  return { title, edits: [{ span, text }] };
}

/** The fix for a word that is near another. */
export function didYouMean(span: Span, meant: string) {
  return replacing(span, meant, `did you mean \`${meant}\`?`);
}
