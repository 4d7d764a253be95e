/** What rules do, in C: settings and headers of the actions that a program has, and the statements of one rule. */
import type { Rule, Verdict } from '../2-resolve/program.ts';
import type { Plan } from '../4-plan/plan.ts';
import type { Target } from '../targets/target.ts';
import { call, type Declaration, decimal, type Expr, member, name, type Statement } from './c.ts';

/** `enum pktc_verdict` in `templates/include/pktc/decision.h`. */
const CONSTANTS: Readonly<Record<Verdict, string>> = {
  pass: 'PKTC_VERDICT_PASS',
  drop: 'PKTC_VERDICT_DROP',
  reject: 'PKTC_VERDICT_REJECT',
  redirect: 'PKTC_VERDICT_REDIRECT',
  audit: 'PKTC_VERDICT_AUDIT',
};

/** Returned by a rule with the verdict; each has its header, `pktc/action_<verdict>.h`. */
const CALLS: Readonly<Record<Verdict, string>> = {
  pass: 'pktc_pass',
  drop: 'pktc_drop',
  reject: 'pktc_reject',
  redirect: 'pktc_redirect',
  audit: 'pktc_audit',
};

/** Constants that the skeleton and the headers of the actions ask for. */
export function actionSettings({ program, redirects }: Plan, target: Target): readonly Declaration[] {
  return [
    { kind: 'define', name: 'PKTC_DEFAULT', value: name(CONSTANTS[program.defaultVerdict]) },
    ...(redirects.length > 0 ? ([{ kind: 'define', name: 'PKTC_REDIRECTS', value: decimal(redirects.length) }] as const) : []),
    // Answers are let by in the other direction.
    ...(target.programs.length > 1 && rejects(program)
      ? ([{ kind: 'define', name: 'PKTC_BOTH_WAYS', value: null }] as const)
      : []),
  ];
}

function rejects({ rules, defaultVerdict }: Plan['program']): boolean {
  return defaultVerdict === 'reject' || rules.some((rule) => rule.actions.verdict === 'reject');
}

/** The headers of the actions that are used; every program counts. */
export function actionHeaders({ program, events }: Plan): readonly Declaration[] {
  const verdicts = new Set(program.rules.map((rule) => rule.actions.verdict));
  const headers = [
    ...['audit', 'drop', 'pass', 'redirect'].filter((verdict) => verdicts.has(verdict as Verdict)),
    ...(rejects(program) ? ['reject'] : []),
    ...(events === null ? [] : ['log']),
    ...(program.rules.some((rule) => rule.actions.mark !== null) ? ['mark'] : []),
    'count',
  ];
  return headers.sort().map((action) => ({ kind: 'include', path: `pktc/action_${action}.h` }));
}

/**
 * @param redirects the interfaces that rules send to; a rule has its number among them
 * @param few whether the rule is part of the walk, where its fields are not in memory
 */
export function actionStatements(rule: Rule, redirects: readonly string[], few = false): readonly Statement[] {
  const { log, verdict, mark } = rule.actions;
  const statements: Statement[] = [];
  if (mark !== null) statements.push({ kind: 'do', value: call('pktc_set_mark', name('ctx'), decimal(mark)) });
  if (log !== null) {
    const how = call('pktc_log_how', name(verdict === null ? 'PKTC_VERDICT_NONE' : CONSTANTS[verdict]), decimal(log.payload));
    statements.push({
      kind: 'do',
      value: call(
        'pktc_log',
        name('ctx'),
        few ? call('pktc_kept', name('f'), name('room')) : name('f'),
        decimal(rule.index),
        how,
        decimal(log.sample),
      ),
    });
  }
  // The program counts the rule that decides; one that does not decide counts itself.
  if (verdict === null) {
    const len = member('f', 'len');
    const counted = few
      ? call('pktc_add', decimal(rule.index), len)
      : call('pktc_count', decimal(rule.index), call('pktc_read', len));
    statements.push({ kind: 'do', value: counted });
  } else {
    statements.push({ kind: 'return', value: call(CALLS[verdict], decimal(rule.index), ...destination(rule, redirects)) });
  }
  return statements;
}

function destination({ actions }: Rule, redirects: readonly string[]): readonly Expr[] {
  return actions.redirect === null ? [] : [decimal(redirects.indexOf(actions.redirect))];
}
