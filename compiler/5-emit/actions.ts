/** What rules do, in C: settings and headers of the actions that a program has, and the statements of one rule. */
import type { Rule, Verdict } from '../2-resolve/program.ts';
import { mayComeTo } from '../4-plan/hook-actions.ts';
import type { Plan } from '../4-plan/plan.ts';
import type { Target } from '../targets/target.ts';
import { BLANK, binary, call, chain, type Declaration, decimal, type Expr, member, name, type Statement } from './c.ts';
import { type ConditionContext, conditionOf, has } from './condition.ts';
import { addition, decidersOf, elementsOf } from './dynamic-sets.ts';

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
export function actionSettings(plan: Plan, target: Target): readonly Declaration[] {
  const { program, redirects } = plan;
  return [
    { kind: 'define', name: 'PKTC_DEFAULT', value: name(CONSTANTS[program.defaultVerdict]) },
    ...(redirects.length > 0 ? ([{ kind: 'define', name: 'PKTC_REDIRECTS', value: decimal(redirects.length) }] as const) : []),
    // Answers are let by in the other direction.
    ...(target.programs.length > 1 && mayComeTo(plan, 'reject')
      ? ([{ kind: 'define', name: 'PKTC_BOTH_WAYS', value: null }] as const)
      : []),
  ];
}

/** The headers of the actions that are used; every program counts. */
export function actionHeaders(plan: Plan): readonly Declaration[] {
  const { actions, events } = plan;
  const verdicts = new Set(actions.map(({ verdict }) => verdict));
  const headers = [
    ...['drop', 'pass', 'redirect'].filter((verdict) => verdicts.has(verdict as Verdict)),
    ...(['audit', 'reject'] as const).filter((verdict) => mayComeTo(plan, verdict)),
    ...(events === null ? [] : ['log']),
    ...(actions.some(({ mark }) => mark !== null) ? ['mark'] : []),
    'count',
  ];
  return headers.sort().map((action) => ({ kind: 'include', path: `pktc/action_${action}.h` }));
}

/**
 * What is added comes first, for it may decide: the log says so.
 */
export function actionStatements(rule: Rule, plan: Plan, context: ConditionContext): readonly Statement[] {
  const { redirects } = plan;
  const { few = false } = context;
  const { log, verdict, mark } = rule.actions;
  const decides = verdict === null && (rule.actions.adds ?? []).some(({ blocks, otherwise }) => blocks || otherwise !== null);
  const statements: Statement[] = [...addStatements(rule, plan, context, decides)];
  if (mark !== null) statements.push({ kind: 'do', value: call('pktc_set_mark', name('ctx'), decimal(mark)) });
  if (log !== null) {
    const known = name(verdict === null ? 'PKTC_VERDICT_NONE' : CONSTANTS[verdict]);
    const how = call('pktc_log_how', decides ? call('pktc_decided_verdict', name(DECIDER)) : known, decimal(log.payload));
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
    if (decides) {
      const decided = binary(name(DECIDER), '!=', name('PKTC_UNDECIDED'));
      statements.push({ kind: 'if', condition: decided, body: [{ kind: 'return', value: name(DECIDER) }] });
    }
  } else {
    statements.push({ kind: 'return', value: call(CALLS[verdict], decimal(rule.index), ...destination(rule, redirects)) });
  }
  return statements;
}

/** What the additions of a rule come to. */
const DECIDER = 'decider';

function addStatements(
  { actions: { adds = [] } }: Rule,
  { program }: Plan,
  context: ConditionContext,
  decides: boolean,
): readonly Statement[] {
  const declared: readonly Statement[] = [
    { kind: 'declare', variable: { type: 'int', name: DECIDER } },
    BLANK,
    { kind: 'set', to: name(DECIDER), operator: '=', value: name('PKTC_UNDECIDED') },
  ];
  const added = adds.flatMap((add) =>
    elementsOf(add.fields, add.set, context, 'f').map((element): Statement => {
      const { there, full } = decidersOf(add, program);
      const full_now = addition(add, element);
      const guard: readonly Expr[] = add.unless === null ? [] : [{ kind: 'not', of: conditionOf(add.unless, context) }];
      const value = call('pktc_decider', name(DECIDER), full_now, there, full);
      const done: Statement = decides
        ? { kind: 'set', to: name(DECIDER), operator: '=', value }
        : { kind: 'do', value: full_now };
      const tests = [...has('f', element.needs, context), ...guard];
      return tests.length === 0 ? done : { kind: 'if', condition: chain('&&', tests), body: [done] };
    }),
  );
  return [...(decides ? declared : []), ...added];
}

function destination({ actions }: Rule, redirects: readonly string[]): readonly Expr[] {
  return actions.redirect === null ? [] : [decimal(redirects.indexOf(actions.redirect))];
}
