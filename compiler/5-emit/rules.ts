/** The chain of rules as C functions, one a block of the plan. */
import type { Rule } from '../2-resolve/program.ts';
import { isFew, isStraight } from '../4-plan/few.ts';
import type { Plan } from '../4-plan/plan.ts';
import { actionStatements } from './actions.ts';
import {
  BLANK,
  binary,
  call,
  chain,
  type Declaration,
  decimal,
  type Expr,
  mentions,
  name,
  type Parameter,
  type Statement,
} from './c.ts';
import { type ConditionContext, conditionOf } from './condition.ts';
import { innerAddress } from './packet.ts';

/** A comment names the rule as people see it; longer ones are cut. */
const COMMENT_CHARACTERS_MAX = 160;

const FIELDS: Parameter = { type: 'struct pktc_fields *', name: 'f' };
/** Of the packet in a tunnel. */
const INNER: Parameter = { type: 'struct pktc_fields *', name: 'in' };
const CONTEXT: Parameter = { type: 'struct pktc_ctx *', name: 'ctx' };

export interface Chain {
  readonly functions: readonly Declaration[];
  /** What the program does to get a decision from them. */
  readonly calls: readonly Statement[];
}

export function chainOf(plan: Plan, context: ConditionContext): Chain {
  if (isFew(plan)) return fewRules(plan, { ...context, few: true });
  const { rules } = plan.program;
  const blocks = plan.classifier.name === 'chain' ? plan.classifier.blocks : [];
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

/** Memory for the fields of a packet that is logged. */
const ROOM: Parameter = { type: 'struct pktc_fields *', name: 'room' };
/** Whether this is the quick walk; a constant in each call. */
const USUAL: Parameter = { type: 'const bool', name: 'usual' };

/** The rules as a part of the quick walk, and as a function for packets that it does not take. */
function fewRules(plan: Plan, context: ConditionContext): Chain {
  const body = plan.program.rules.flatMap((rule) => ruleStatements(rule, plan, context));
  const parameters = [CONTEXT, FIELDS, ROOM, USUAL];
  const mentioned = (one: string) => body.some((statement) => statementMentions(statement, one));
  // The macros of few.h mention it.
  const unused = parameters.filter(({ name: one }) => one === 'usual' || !mentioned(one));
  const match: Declaration = {
    kind: 'function',
    linkage: 'inline',
    returns: 'int',
    name: 'pktc_match',
    parameters,
    body: [
      ...unused.map(({ name: one }): Statement => ({ kind: 'do', value: name(`(void)${one}`) })),
      ...(unused.length > 0 ? [BLANK] : []),
      ...body,
      { kind: 'end of rules' },
      { kind: 'return', value: name('PKTC_UNDECIDED') },
    ],
  };
  const [ctx, f, cleared] = [name('ctx'), name('&f'), call('sizeof', name('f'))];
  const whole: readonly Statement[] = [
    { kind: 'do', value: call('__builtin_memset', f, decimal(0), cleared) },
    { kind: 'do', value: call('pktc_parse', ctx, f) },
    { kind: 'do', value: call('pktc_read_context', f, ctx, name('direction')) },
    { kind: 'set', to: name('decision'), operator: '=', value: call('pktc_rules', ctx, f) },
  ];
  return {
    functions: [
      { kind: 'define', name: 'PKTC_FEW_RULES', value: null },
      ...(isStraight(plan) ? [] : [{ kind: 'define', name: 'PKTC_HIDE_VALUES', value: null } as const]),
      { kind: 'include', path: 'pktc/few.h' },
      BLANK,
      {
        kind: 'comment',
        lines: ['Part of the quick walk for each kind of packet, with what is known of it, and of the next function.'],
      },
      match,
      BLANK,
      {
        kind: 'comment',
        lines: ['For packets that the quick walk does not take. A global function: the verifier checks it once.'],
      },
      rulesForAny(),
      BLANK,
      { kind: 'include', path: 'pktc/usual.h' },
      BLANK,
    ],
    calls: [{ kind: 'if', condition: binary(name('decision'), '==', name('PKTC_UNUSUAL')), body: whole }],
  };
}

function rulesForAny(): Declaration {
  return {
    kind: 'function',
    linkage: 'global',
    returns: 'int',
    name: 'pktc_rules',
    parameters: [CONTEXT, FIELDS],
    body: [
      { kind: 'if', condition: { kind: 'not', of: name('f') }, body: [{ kind: 'return', value: name('PKTC_UNDECIDED') }] },
      { kind: 'do', value: call('pktc_keep', name('ctx')) },
      { kind: 'return', value: call('pktc_match', name('ctx'), name('f'), name('f'), name('false')) },
    ],
  };
}

function blockFunction(title: string, rules: readonly Rule[], plan: Plan, context: ConditionContext) {
  const body = rules.flatMap((rule) => ruleStatements(rule, plan, context));
  const uses = ({ name: variable }: Parameter) => body.some((statement) => statementMentions(statement, variable));
  const [needsContext, needsInner] = [uses(CONTEXT), uses(INNER)];
  const missing: Expr = { kind: 'not', of: name('f') };
  const noInner: Expr = { kind: 'not', of: name('in') };
  const declaration: Declaration = {
    kind: 'function',
    linkage: 'global',
    returns: 'int',
    name: title,
    // The verifier of older kernels refuses a global function's argument that nothing uses.
    parameters: [...(needsContext ? [CONTEXT] : []), FIELDS, ...(needsInner ? [INNER] : [])],
    body: [
      {
        kind: 'if',
        condition: needsInner ? chain('||', [missing, noInner]) : missing,
        body: [{ kind: 'return', value: name('PKTC_UNDECIDED') }],
      },
      // clang passes rubbish for an argument that it finds unused (a log behind a rule that always ends), and the verifier objects.
      ...(needsContext ? [{ kind: 'do', value: call('pktc_keep', name('ctx')) } as const] : []),
      BLANK,
      ...body,
      { kind: 'end of rules' },
      { kind: 'return', value: name('PKTC_UNDECIDED') },
    ],
  };
  const given = [...(needsContext ? [name('ctx')] : []), name('&f'), ...(needsInner ? [innerAddress(plan)] : [])];
  return { declaration, invoke: call(title, ...given) };
}

function statementMentions(statement: Statement, variable: string): boolean {
  switch (statement.kind) {
    case 'if':
      return mentions(statement.condition, variable) || statement.body.some((inner) => statementMentions(inner, variable));
    case 'do':
    case 'return':
    case 'set':
      return mentions(statement.value, variable);
    default:
      return false;
  }
}

function ruleStatements(rule: Rule, plan: Plan, context: ConditionContext): readonly Statement[] {
  return [
    { kind: 'comment', text: ruleComment(rule, plan), rule: rule.index },
    { kind: 'if', condition: conditionOf(rule.condition, context), body: actionStatements(rule, plan, context) },
    BLANK,
  ];
}

function ruleComment(rule: Rule, plan: Plan): string {
  const { source } = rule;
  const text = source.text.slice(rule.span.start, Math.min(rule.span.end, rule.span.start + 4 * COMMENT_CHARACTERS_MAX));
  const line = text.replace(/\s+/g, ' ').trim();
  const shown = line.length > COMMENT_CHARACTERS_MAX ? `${line.slice(0, COMMENT_CHARACTERS_MAX)} ...` : line;
  // Where a rule of an included file stands is in its name, or it has a label.
  const place = source === plan.program.source ? '' : `${source.name.split('/').at(-1)} `;
  return `${place}line ${rule.line}: ${shown}`;
}
