/** From text to a program that has been checked, for the commands that need no C. */
import type { Program } from '../compiler/2-resolve/program.ts';
import type { Sources } from '../compiler/2-resolve/sources.ts';
import type { Plan } from '../compiler/4-plan/plan.ts';
import type { PlanOptions } from '../compiler/4-plan/plan-program.ts';
import type { Diagnostic } from '../compiler/diagnostics/diagnostic.ts';
import type { RuleTest } from '../compiler/rule-tests/rule-test.ts';
import type { HookName } from '../grammar/fields/field.ts';
import type { SourceFile } from '../grammar/source.ts';
import type { Terminal } from './terminal.ts';

export interface Examined {
  /** null: there are errors. */
  readonly sound: { readonly program: Program; readonly plan: Plan } | null;
  /** What the file's own tests say about it. */
  readonly tests: readonly RuleTest[];
  readonly diagnostics: readonly Diagnostic[];
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((one) => one.severity === 'error');
}

/** Everything that can be wrong with the rules, short of compiling them. */
export async function examine(sources: SourceFile | Sources, hook: HookName | null, planning?: PlanOptions): Promise<Examined> {
  const { analyse } = await import('../compiler/index.ts');
  const { main, files } = asSources(sources);
  const { program, plan, tests, diagnostics } = analyse(main, { hook, files, planning });
  return { sound: plan === null || hasErrors(diagnostics) ? null : { program, plan }, tests, diagnostics };
}

/** A text that stands alone names no files. */
export function asSources(sources: SourceFile | Sources): Sources {
  return 'main' in sources ? sources : { main: sources, files: new Map() };
}

/** Diagnostics for people, on stderr. */
export async function sayDiagnostics(diagnostics: readonly Diagnostic[], terminal: Terminal): Promise<void> {
  if (diagnostics.length === 0) return;
  const { renderDiagnostics } = await import('../compiler/diagnostics/render.ts');
  const shown = shownOf(diagnostics);
  terminal.say(renderDiagnostics(shown, { color: terminal.err.color }).trimEnd());
  if (shown.length === diagnostics.length) return;
  const { length } = diagnostics;
  terminal.say(`\nnote: ${length - shown.length} more are not shown; \`pktc check --json\` lists all ${length}`);
}

/** Nobody reads more, and a file of another kind has an error in each of its lines. */
const SHOWN_MAX = 200;

/** Errors before warnings, where there is no room for all; in their order. */
export function shownOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length <= SHOWN_MAX) return diagnostics;
  const errors = diagnostics.filter((one) => one.severity === 'error').slice(0, SHOWN_MAX);
  const warnings = diagnostics.filter((one) => one.severity === 'warning').slice(0, SHOWN_MAX - errors.length);
  const shown = new Set([...errors, ...warnings]);
  return diagnostics.filter((one) => shown.has(one));
}

/** `2 errors, 1 warning` */
export function countedDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((one) => one.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const counted = (count: number, noun: string) => (count > 0 ? [`${count} ${noun}${count === 1 ? '' : 's'}`] : []);
  return [...counted(errors, 'error'), ...counted(warnings, 'warning')].join(', ');
}
