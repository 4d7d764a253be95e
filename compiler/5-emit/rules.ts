/** The chain of rules as C functions, one a block of the plan. */
import type { Rule } from '../2-resolve/program.ts';
import type { Plan } from '../4-plan/plan.ts';
import { BLANK, binary, call, type Declaration, decimal, member, name, type Parameter, type Statement } from './c.ts';
import { type ConditionContext, conditionOf } from './condition.ts';

/** A comment names the rule as people see it; longer ones are cut. */
const COMMENT_CHARACTERS_MAX = 160;

const FIELDS: Parameter = { type: 'struct pktc_fields *', name: 'f' };
const CONTEXT: Parameter = { type: 'struct pktc_ctx *', name: 'ctx' };

export interface Chain {
  readonly functions: readonly Declaration[];
  /** What the program does to get a decision from them. */
  readonly calls: readonly Statement[];
}

export function chainOf(plan: Plan, context: ConditionContext): Chain {
  const { rules } = plan.program;
  const { blocks } = plan.classifier;
  const functions = blocks.map(([first, end], at) => {
    const title = blocks.length === 1 ? 'pktc_rules' : `pktc_rules_${at}`;
    return blockFunction(title, rules.slice(first, end), plan, context);
  });
  return {
    functions: functions.flatMap((declared) => [
      { kind: 'comment', lines: ['A global function: the verifier checks it once, whatever the packet held before.'] },
      declared.declaration,
      BLANK,
    ]),
    calls: functions.map(({ invoke }, at) => {
      const decide: Statement = { kind: 'set', to: name('decision'), operator: '=', value: invoke };
      if (at === 0) return decide;
      return { kind: 'if', condition: binary(name('decision'), '==', name('PKTC_UNDECIDED')), body: [decide] };
    }),
  };
}

function blockFunction(title: string, rules: readonly Rule[], plan: Plan, context: ConditionContext) {
  const logs = rules.some((rule) => rule.actions.log !== null);
  const declaration: Declaration = {
    kind: 'function',
    linkage: 'global',
    returns: 'int',
    name: title,
    // The verifier of older kernels refuses a global function's argument that nothing uses.
    parameters: logs ? [CONTEXT, FIELDS] : [FIELDS],
    body: [
      { kind: 'if', condition: { kind: 'not', of: name('f') }, body: [{ kind: 'return', value: name('PKTC_UNDECIDED') }] },
      // clang passes rubbish for an argument that it finds unused (a log behind a rule that always ends), and the verifier objects.
      ...(logs ? [{ kind: 'do', value: call('pktc_keep', name('ctx')) } as const] : []),
      BLANK,
      ...rules.flatMap((rule) => ruleStatements(rule, plan, context)),
      { kind: 'end of rules' },
      { kind: 'return', value: name('PKTC_UNDECIDED') },
    ],
  };
  return { declaration, invoke: call(title, ...(logs ? [name('ctx')] : []), name('&f')) };
}

function ruleStatements(rule: Rule, plan: Plan, context: ConditionContext): readonly Statement[] {
  return [
    { kind: 'comment', text: ruleComment(rule, plan), rule: rule.index },
    { kind: 'if', condition: conditionOf(rule.condition, context), body: actionStatements(rule) },
    BLANK,
  ];
}

function ruleComment(rule: Rule, plan: Plan): string {
  const { source } = plan.program;
  const text = source.text.slice(rule.span.start, Math.min(rule.span.end, rule.span.start + 4 * COMMENT_CHARACTERS_MAX));
  const line = text.replace(/\s+/g, ' ').trim();
  const shown = line.length > COMMENT_CHARACTERS_MAX ? `${line.slice(0, COMMENT_CHARACTERS_MAX)} ...` : line;
  return `line ${rule.line}: ${shown}`;
}

function actionStatements(rule: Rule): readonly Statement[] {
  const { log, verdict } = rule.actions;
  const statements: Statement[] = [];
  if (log !== null) {
    const constant = verdict === null ? 'PKTC_VERDICT_NONE' : verdict === 'drop' ? 'PKTC_VERDICT_DROP' : 'PKTC_VERDICT_PASS';
    const how = call('pktc_log_how', name(constant), decimal(log.payload));
    statements.push({
      kind: 'do',
      value: call('pktc_log', name('ctx'), name('f'), decimal(rule.index), how, decimal(log.sample)),
    });
  }
  // The program counts the rule that decides; one that does not decide counts itself.
  if (verdict === null) {
    statements.push({ kind: 'do', value: call('pktc_count', decimal(rule.index), call('pktc_read', member('f', 'len'))) });
  } else {
    statements.push({ kind: 'return', value: call(verdict === 'drop' ? 'pktc_drop' : 'pktc_pass', decimal(rule.index)) });
  }
  return statements;
}
