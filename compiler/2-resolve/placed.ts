/**
 * Several files as one text. Every file has a stretch of it, so that one number is a place in all of them, and what looks at
 * statements does not care where they came from. What leaves the phase is about the files themselves again.
 */
import type { SourceFile } from '../../grammar/source.ts';
import { moved } from '../1-parse/moved.ts';
import type { Diagnostic, Label } from '../diagnostics/diagnostic.ts';
import { type LineStarts, lineStarts } from '../diagnostics/position.ts';
import type { Expression, RuleActions } from './program.ts';

/** A file, and where its text begins in the whole. */
export interface PlacedFile {
  readonly source: SourceFile;
  readonly base: number;
  readonly lines: LineStarts;
}

/** The texts of several files behind each other; of one file, the file itself. */
export interface Whole {
  readonly source: SourceFile;
  /** In the order of their stretches; the main file is the first. */
  readonly files: readonly PlacedFile[];
}

/** Between two stretches, so that no word grows over the seam. */
const SEAM = '\n';

/** @param linesOf where the lines of a file begin, where somebody knows */
export function wholeOf(
  sources: readonly [SourceFile, ...SourceFile[]],
  linesOf: (source: SourceFile) => LineStarts | undefined = () => undefined,
): Whole {
  const [main] = sources;
  let base = 0;
  const files = sources.map((source) => {
    const file = { source, base, lines: linesOf(source) ?? lineStarts(source.text) };
    base += source.text.length + SEAM.length;
    return file;
  });
  const source = sources.length === 1 ? main : { name: main.name, text: sources.map(({ text }) => text).join(SEAM) };
  return { source, files };
}

/** The file whose stretch a place of the whole lies in. */
export function fileAt({ files }: Whole, at: number): PlacedFile {
  let low = 0;
  let high = files.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((files[middle]?.base ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return files[low] as PlacedFile;
}

/** A condition with all its places moved. */
export function movedExpression(expression: Expression, by: number): Expression {
  if (by === 0) return expression;
  switch (expression.kind) {
    case 'and':
    case 'or':
      return { ...expression, of: expression.of.map((part) => movedExpression(part, by)) };
    case 'not':
      return { ...expression, of: movedExpression(expression.of, by) };
    case 'inner':
      return { ...expression, of: movedExpression(expression.of, by), span: moved(expression.span, by) };
    default:
      return { ...expression, span: moved(expression.span, by) };
  }
}

/** What a rule does, with the places of its guards moved. */
export function movedActions(actions: RuleActions, by: number): RuleActions {
  if (by === 0 || actions.adds === undefined) return actions;
  const adds = actions.adds.map((one) => ({ ...one, unless: one.unless && movedExpression(one.unless, by) }));
  return { ...actions, adds };
}

/** A diagnostic about places of the whole as one about places of the files. A fix stays when it is in the primary's file. */
export function localized(whole: Whole, diagnostic: Diagnostic): Diagnostic {
  if (whole.files.length === 1) return diagnostic;
  const label = (one: Label): Label => {
    if (one.source !== whole.source) return one;
    const { source, base } = fileAt(whole, one.span.start);
    return { ...one, source, span: moved(one.span, -base) };
  };
  const { primary, related, fixes } = diagnostic;
  if (primary === null || primary.source !== whole.source) return { ...diagnostic, related: related.map(label) };
  const file = fileAt(whole, primary.span.start);
  const here = fixes.filter((fix) => fix.edits.every((edit) => fileAt(whole, edit.span.start) === file));
  return {
    ...diagnostic,
    primary: label(primary),
    related: related.map(label),
    fixes: here.map((fix) => ({
      ...fix,
      edits: fix.edits.map((edit) => ({ ...edit, span: moved(edit.span, -file.base) })),
    })),
  };
}
