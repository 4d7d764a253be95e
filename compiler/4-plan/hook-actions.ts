/** What packets may come to, and what of it a program's hook cannot carry out. */
import type { Program, Verdict } from '../2-resolve/program.ts';
import { diagnostic } from '../diagnostics/catalog.ts';
import type { Diagnostic, Label } from '../diagnostics/diagnostic.ts';
import { TARGETS, type Target } from '../targets/target.ts';
import type { Plan } from './plan.ts';

/** Whether a packet may come to a verdict, by a rule or where none decides. */
export function mayComeTo({ program, actions }: Pick<Plan, 'program' | 'actions'>, wanted: Verdict): boolean {
  return program.defaultVerdict === wanted || actions.some(({ verdict }) => verdict === wanted);
}

/** PKT4001, with the hooks that can. */
export function hookProblems(program: Program, target: Target): readonly Diagnostic[] {
  const { hookSpan, source } = program;
  const related: readonly Label[] = hookSpan === null ? [] : [{ source, span: hookSpan, text: 'the hook' }];
  const problem = (what: string, able: (other: Target) => boolean, place: Parameters<typeof diagnostic>[2]) =>
    diagnostic('PKT4001', { what, hook: target.hook }, place, { related, help: hooksHelp(able) });
  const problems: Diagnostic[] = [];
  for (const { actions, source: file, span } of program.rules) {
    const place = { source: file, span, text: 'asked for by this rule' };
    const { verdict, mark } = actions;
    if (verdict !== null && !target.verdicts.includes(verdict)) {
      problems.push(problem(verdictWords(verdict), ({ verdicts }) => verdicts.includes(verdict), place));
    }
    if (mark !== null && !target.marks) problems.push(problem('mark', ({ marks }) => marks, place));
  }
  const verdict = program.defaultVerdict;
  if (!target.verdicts.includes(verdict)) {
    problems.push(problem(`default ${verdictWords(verdict)}`, ({ verdicts }) => verdicts.includes(verdict), null));
  }
  return problems;
}

function verdictWords(verdict: Verdict): string {
  return verdict === 'audit' ? 'audit drop' : verdict;
}

function hooksHelp(able: (target: Target) => boolean): string {
  const hooks = TARGETS.filter(able).map(({ hook }) => hook);
  // `tc` stands for both of its directions.
  const named = hooks.filter((hook) => !hooks.some((other) => hook.startsWith(`${other} `)));
  return `hooks that can: ${named.map((hook) => `\`${hook}\``).join(', ')}`;
}
