import type { Action, ActionParameter } from '../../grammar/actions/action.ts';
import { ACTIONS, actionNamed } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import type { ActionNode, ArgumentNode, LiteralScalar } from '../../grammar/ast.ts';
import { judgeNumber } from '../../grammar/values/number.ts';
import { judgeRatio } from '../../grammar/values/ratio.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { type Context, didYouMean, textOf } from './context.ts';
import type { LogAction, RuleActions, Verdict } from './program.ts';
import { accept } from './value-problem.ts';

/** Arguments of the language that this version knows by name and does not carry out yet. */
const LATER_ARGUMENTS: Readonly<Record<string, readonly string[]>> = { count: ['by'], log: ['keep'] };

type Values = ReadonlyMap<string, number>;

interface Read {
  readonly action: Action;
  readonly node: ActionNode;
  readonly values: Values;
}

/** What a rule does; null when an action in it is wrong, and every such action has been told. */
export function resolveActions(context: Context, nodes: readonly ActionNode[]): RuleActions | null {
  const reads = nodes.map((node) => readAction(context, node));
  const known = reads.filter((read) => read !== null);
  const fits = agree(context, known);
  if (known.length < reads.length || !fits) return null;
  const verdict = known.find((read) => read.action.kind === 'verdict')?.action.name ?? null;
  const log = known.find((read) => read.action.name === 'log');
  return { verdict: verdict as Verdict | null, log: log ? logOf(log.values) : null, mark: null, redirect: null };
}

function logOf(values: Values): LogAction {
  return { sample: values.get('sample') ?? 1, payload: values.get('payload') ?? 0 };
}

/** Two verdicts are an error; the same action twice is a warning, and the first one holds. */
function agree(context: Context, reads: readonly Read[]): boolean {
  const first = new Map<string, Read>();
  let verdict: Read | null = null;
  let fits = true;
  for (const read of reads) {
    const { action, node } = read;
    const same = first.get(action.name);
    const label = (one: Read, text: string) => ({ source: context.source, span: one.node.span, text });
    if (same) {
      context.report('PKT2022', { action: action.name }, node.span, 'given again', {
        related: [label(same, 'this one holds')],
        help: 'delete one of them',
      });
    } else if (action.kind === 'verdict' && verdict !== null) {
      fits = false;
      context.report('PKT2021', { first: verdict.action.name, second: action.name }, node.span, 'a second verdict', {
        related: [label(verdict, 'the first verdict')],
        help: 'one rule, one verdict: delete one of them',
      });
    }
    if (action.kind === 'verdict') verdict ??= read;
    if (!same) first.set(action.name, read);
  }
  return fits;
}

function readAction(context: Context, node: ActionNode): Read | null {
  const { text, span } = node.name;
  const action = actionNamed(text);
  if (action) {
    const values = readArguments(context, action, node);
    return values && { action, node, values };
  }
  if (Object.hasOwn(LATER_ACTIONS, text)) {
    return context.report('PKT2008', { what: `the action \`${text}\`` }, span, 'part of the language, but not of this version');
  }
  const meant = meantAction(text);
  return context.report('PKT2002', { name: text }, span, 'not an action', {
    help: meant === null ? `the actions are ${ACTIONS.map(({ name }) => `\`${name}\``).join(', ')}` : null,
    fixes: meant === null ? [] : [didYouMean(span, meant)],
  });
}

/** How other tools call the verdicts. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  accept: 'pass',
  allow: 'pass',
  permit: 'pass',
  deny: 'drop',
  block: 'drop',
  discard: 'drop',
};

function meantAction(text: string): string | null {
  const elsewhere = Object.hasOwn(ELSEWHERE, text) ? ELSEWHERE[text] : undefined;
  return elsewhere ?? suggest(text, [...ACTIONS.map((action) => action.name), ...Object.keys(LATER_ACTIONS)]);
}

/** Every action has a closed signature: parameters are `word value`, each at most once, in any order. */
function readArguments(context: Context, action: Action, node: ActionNode): Values | null {
  const values = new Map<string, number>();
  const list = node.arguments;
  for (let index = 0; index < list.length; index += 2) {
    const argument = list[index] as ArgumentNode;
    const parameter = argument.kind === 'word' && argument.times === null ? named(action, argument.text) : undefined;
    if (!parameter) return unexpected(context, action, node, index);
    if (values.has(parameter.word)) {
      return context.report('PKT2025', { action: action.name, parameter: parameter.word }, argument.span, 'given again', {
        help: 'delete one of them',
      });
    }
    const value = list[index + 1];
    if (value?.kind !== 'literal') {
      return context.report(
        'PKT2020',
        { action: action.name, parameter: parameter.word },
        argument.span,
        'a value belongs behind this',
        {
          help: `write for example \`${action.name} ${parameter.word} ${parameter.type === 'ratio' ? '1/100' : '64'}\``,
        },
      );
    }
    const number = judgeParameter(context, parameter, value);
    if (number === null) return null;
    values.set(parameter.word, number);
  }
  return values;
}

function named(action: Action, word: string): ActionParameter | undefined {
  return action.parameters.find((parameter) => parameter.word === word);
}

function judgeParameter(context: Context, parameter: ActionParameter, literal: LiteralScalar): number | null {
  const { min, max } = parameter;
  const range = `${min} to ${max}`;
  if (literal.to) {
    return context.report('PKT2114', { text: textOf(context, literal.span) }, literal.span, 'one value belongs here', {
      help: parameter.type === 'ratio' ? `write \`1/N\`, N from ${range}` : `write a number, ${range}`,
    });
  }
  if (parameter.type === 'ratio') return accept(context, literal, judgeRatio(literal.text, min, max));
  const value = accept(context, literal, judgeNumber(literal.text));
  if (value === null || (value >= min && value <= max)) return value;
  return context.report('PKT2114', { text: literal.text }, literal.span, range, {
    help: `\`${parameter.word}\` takes ${range} bytes`,
  });
}

/** Answers the first argument that the action does not have. Always null. */
function unexpected(context: Context, action: Action, node: ActionNode, index: number): null {
  const argument = node.arguments[index] as ArgumentNode;
  const { span } = argument;
  const word = argument.kind === 'word' ? argument.text : null;
  if (argument.kind === 'guard' || argument.kind === 'per') {
    const what = argument.kind === 'guard' ? `\`${argument.word}\` behind an action` : '`per` behind an action';
    return context.report('PKT2008', { what }, span, 'part of the language, but not of this version');
  }
  if (word !== null && LATER_ARGUMENTS[action.name]?.includes(word)) {
    return context.report(
      'PKT2008',
      { what: `\`${action.name} ${word}\`` },
      span,
      'part of the language, but not of this version',
    );
  }
  const before = index === 0 ? node.name : (node.arguments[index - 1] as ArgumentNode);
  if (word !== null && (actionNamed(word) || Object.hasOwn(LATER_ACTIONS, word))) {
    const end = before.span.end;
    return context.report('PKT2019', { first: action.name, second: word }, span, 'another action', {
      fixes: [{ title: 'put a comma between them', edits: [{ span: { start: end, end }, text: ',' }] }],
    });
  }
  const words = action.parameters.map((parameter) => parameter.word);
  const meant = word === null ? null : suggest(word, [...words, ...ACTIONS.map(({ name }) => name)]);
  const known =
    words.length === 0
      ? `\`${action.name}\` stands alone`
      : `\`${action.name}\` knows ${words.map((one) => `\`${one}\``).join(' and ')}`;
  return context.report('PKT2018', { action: action.name, argument: textOf(context, span) }, span, 'not part of this action', {
    help: meant === null ? known : null,
    fixes: meant !== null && words.includes(meant) ? [didYouMean(span, meant)] : [],
  });
}
