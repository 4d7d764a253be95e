/** Verdicts in colour: red keeps a packet out, yellow would have, blue sends it elsewhere, green lets it pass. */
import type { Paint, Style } from '../../compiler/diagnostics/paint.ts';
import type { VerdictName } from '../../runtime/abi/manifest.ts';

const STYLES: Readonly<Record<VerdictName, Style>> = {
  pass: 'help',
  drop: 'error',
  reject: 'error',
  redirect: 'frame',
  audit: 'warning',
};

/** null: a rule without a verdict. */
export function verdictText(verdict: VerdictName | null): string {
  return verdict ?? '-';
}

/** For a cell of a table, whose padding is part of `text`. */
export function verdictStyle(paint: Paint, verdict: VerdictName | null): (text: string) => string {
  return (text) => (verdict === null ? text : paint(STYLES[verdict], text));
}

/** Width of a column for the verdicts of some rules. */
export function verdictWidth(verdicts: readonly (VerdictName | null)[]): number {
  const lengths = [...new Set(verdicts)].map((verdict) => verdictText(verdict).length);
  return Math.max('VERDICT'.length, ...lengths);
}
