import type { Action, ActionParameter } from '../../grammar/actions/action.ts';
import { ACTIONS, actionNamed } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import type { ActionNode, ArgumentNode, LiteralScalar } from '../../grammar/ast.ts';
import { judgeNumber } from '../../grammar/values/number.ts';
import { judgeRatio } from '../../grammar/values/ratio.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { leadingArgument } from './action-leading.ts';
import { type Context, didYouMean, textOf } from './context.ts';
import { accept } from './value-problem.ts';

export interface Arguments {
  /** The value right behind the action; null for an action that takes none. */
  readonly leading: string | number | null;
  /** By the parameter's word. */
  readonly values: ReadonlyMap<string, number>;
}

/** Arguments of the language that this version knows by name and does not carry out yet. */
const LATER_ARGUMENTS: Readonly<Record<string, readonly string[]>> = { count: ['by'], log: ['keep'] };

/**
 * Every action has a closed signature: the one value that it needs, if any, then parameters `word value`, each at most once, in any
 * order. Null when something is wrong, which has been told.
 */
export function readArguments(context: Context, action: Action, node: ActionNode): Arguments | null {
  const leading = action.argument && leadingArgument(context, action, node);
  if (action.argument && leading === null) return null;
  const values = readParameters(context, action, node, action.argument ? 1 : 0);
  return values && { leading, values };
}

function readParameters(context: Context, action: Action, node: ActionNode, first: number): ReadonlyMap<string, number> | null {
  const values = new Map<string, number>();
  const list = node.arguments;
  for (let index = first; index < list.length; index += 2) {
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
  const alone = node.arguments.slice(0, index).map((one) => ` ${textOf(context, one.span)}`);
  const meant = word === null ? null : suggest(word, [...words, ...ACTIONS.map(({ name }) => name)]);
  const known =
    words.length === 0
      ? `\`${action.name}${alone.join('')}\` stands alone`
      : `\`${action.name}\` knows ${words.map((one) => `\`${one}\``).join(' and ')}`;
  return context.report('PKT2018', { action: action.name, argument: textOf(context, span) }, span, 'not part of this action', {
    help: meant === null ? known : null,
    fixes: meant !== null && words.includes(meant) ? [didYouMean(span, meant)] : [],
  });
}
