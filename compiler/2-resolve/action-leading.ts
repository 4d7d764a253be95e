/** The one value that stands right behind an action and must be there: `redirect eth0`, `mark 7`, `audit drop`. */
import type { Action, ActionArgument } from '../../grammar/actions/action.ts';
import { actionNamed } from '../../grammar/actions/index.ts';
import { LATER_ACTIONS } from '../../grammar/actions/later.ts';
import type { ActionNode, ArgumentNode, StringScalar, WordScalar } from '../../grammar/ast.ts';
import type { Span } from '../../grammar/source.ts';
import { judgeInterfaceName } from '../../grammar/values/interface-name.ts';
import { judgeNumber } from '../../grammar/values/number.ts';
import { judgeText } from '../../grammar/values/text.ts';
import { type Context, replacing, textOf } from './context.ts';
import { accept, acceptText } from './value-problem.ts';

/** Null when it is missing or wrong, which has been told. */
export function leadingArgument(context: Context, action: Action, node: ActionNode): string | number | null {
  const [argument] = node.arguments;
  const expected = action.argument;
  if (expected === null) return null;
  if (argument === undefined) return missing(context, action, expected, node.name.span);
  switch (expected.type) {
    case 'interface':
      return interfaceIn(context, action, argument);
    case 'number':
      return numberIn(context, action, expected, argument);
    // `add` and `block` are read by `set-actions.ts`.
    case 'key':
      return null;
    case 'word':
      return wordIn(context, action, expected, argument);
  }
}

function missing(context: Context, action: Action, expected: ActionArgument, span: Span): null {
  const [only, ...more] = expected.type === 'word' ? expected.words : [];
  const certain = only !== undefined && more.length === 0;
  return context.report(
    'PKT2070',
    { action: action.name, takes: takes(expected) },
    span,
    `${takes(expected)} belongs behind this`,
    {
      help: certain ? null : `write for example \`${exampleOf(action)}\``,
      fixes: certain ? [replacing({ start: span.end, end: span.end }, ` ${only}`, `write \`${action.name} ${only}\``)] : [],
    },
  );
}

/** The action alone, of an example that may have others behind it. */
function exampleOf(action: Action): string {
  return action.example.split(',', 1)[0] ?? action.example;
}

function takes(expected: ActionArgument): string {
  switch (expected.type) {
    case 'interface':
      return 'the name of an interface';
    case 'number':
      return 'a number';
    case 'key':
      return 'a field';
    case 'word':
      return expected.words.map((word) => `\`${word}\``).join(' or ');
  }
}

function interfaceIn(context: Context, action: Action, argument: ArgumentNode): string | null {
  const { span } = argument;
  const refused = (label: string, details: Parameters<Context['report']>[4]) =>
    context.report('PKT2070', { action: action.name, takes: 'the name of an interface' }, span, label, details);
  if (argument.kind === 'literal' && argument.to === null && judgeInterfaceName(argument.text).ok) {
    return refused('names that begin with a digit are quoted', { fixes: [replacing(span, `"${argument.text}"`)] });
  }
  if (argument.kind !== 'word' && argument.kind !== 'string') {
    return refused('not an interface', { help: `one interface, and no more: \`${exampleOf(action)}\`` });
  }
  if (argument.kind === 'word' && (actionNamed(argument.text) || Object.hasOwn(LATER_ACTIONS, argument.text))) {
    const help = `name an interface, as in \`${exampleOf(action)}\`; one that is called like an action is quoted`;
    return refused('an action, not an interface', { help });
  }
  const name = nameOf(context, argument);
  if (name === null) return null;
  const judged = judgeInterfaceName(name);
  if (!judged.ok) return context.report('PKT2038', { name }, span, judged.label, { help: judged.help });
  if (!judged.name.includes('*')) return judged.name;
  return context.report('PKT2071', { action: action.name, pattern: name }, span, 'a pattern', {
    help: 'name the one interface that the packets are to leave by',
  });
}

/** `eth0 * 2` is a product, which the parser reads before anyone knows that it is none. */
function nameOf(context: Context, argument: WordScalar | StringScalar): string | null {
  if (argument.kind === 'word') return argument.times === null ? argument.text : textOf(context, argument.span);
  const bytes = acceptText(context, argument, judgeText(argument.text));
  return bytes && new TextDecoder().decode(bytes);
}

function numberIn(
  context: Context,
  action: Action,
  { min, max }: Extract<ActionArgument, { type: 'number' }>,
  argument: ArgumentNode,
): number | null {
  const { span } = argument;
  const range = `${min} to ${max}`;
  if (argument.kind !== 'literal') {
    return context.report('PKT2070', { action: action.name, takes: 'a number' }, span, 'not a number', {
      help: `write for example \`${exampleOf(action)}\``,
    });
  }
  if (argument.to) {
    return context.report('PKT2114', { text: textOf(context, span) }, span, 'one value belongs here', {
      help: `\`${action.name}\` takes one number, ${range}`,
    });
  }
  const value = accept(context, argument, judgeNumber(argument.text));
  if (value === null || (value >= min && value <= max)) return value;
  return context.report('PKT2114', { text: argument.text }, span, range, { help: `\`${action.name}\` takes ${range}` });
}

function wordIn(
  context: Context,
  action: Action,
  { words }: Extract<ActionArgument, { type: 'word' }>,
  argument: ArgumentNode,
): string | null {
  if (argument.kind === 'word' && argument.times === null && words.includes(argument.text)) return argument.text;
  const { span } = argument;
  const given = textOf(context, span);
  if (given === 'pass') {
    return context.report('PKT2072', { action: action.name, given }, span, 'nothing to rehearse', {
      help: 'write `pass`, with `log` to see the packets',
    });
  }
  return context.report(
    'PKT2072',
    { action: action.name, given },
    span,
    `${words.map((word) => `\`${word}\``).join(' or ')} belongs here`,
    {
      fixes: words.length === 1 && argument.kind === 'word' ? [replacing(span, words[0] ?? '')] : [],
      help: argument.kind === 'word' ? null : `write \`${action.name} ${words[0]}\``,
    },
  );
}
