/** `add src to seen for 10m else drop`, `block src for 10m unless src in lan`. */
import type { ActionNode, ArgumentNode } from '../../grammar/ast.ts';
import type { Span } from '../../grammar/source.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { resolveCondition } from './condition.ts';
import { type Context, didYouMean, textOf } from './context.ts';
import { blockSetName, type DeclaredSet, fits, hasAddress, keyArgument, readTime } from './dynamic-sets.ts';
import type { AddAction, Expression } from './program.ts';
import { keyFields, keyText } from './set-key.ts';

/** What stands behind the key, and behind `to NAME`. */
interface Given {
  readonly time_ms: number | null;
  readonly otherwise: 'drop' | 'pass' | null;
  readonly unless: Expression | null;
}

export function isSetAction({ name }: ActionNode): boolean {
  return name.text === 'add' || name.text === 'block';
}

/** Null when something in it is wrong, which has been told. */
export function resolveSetAction(context: Context, node: ActionNode): AddAction | null {
  const key = keyArgument(node);
  const blocks = node.name.text === 'block';
  const takes = blocks ? 'a field and how long: `for 10m`' : 'a field and `to` with the name of a set';
  const example = blocks ? 'block src for 10m' : 'add src to seen';
  const missing = (span: Span, label: string) =>
    context.report('PKT2070', { action: node.name.text, takes }, span, label, { help: `write for example \`${example}\`` });
  if (key === null) {
    const [first] = node.arguments;
    return missing(first?.span ?? node.name.span, first === undefined ? 'which field?' : 'not a field');
  }
  const fields = keyFields(context, key);
  const target = blocks ? null : targetOf(context, node, missing);
  const given = readGiven(context, node, blocks ? 1 : 3);
  if (fields === null || given === null) return null;
  const { time_ms, otherwise, unless } = given;
  const names = fields.map(({ name }) => name);
  if (blocks) {
    if (!hasAddress(fields)) {
      return context.report('PKT2065', { key: keyText(fields) }, key.span, 'no address', {
        help: 'block by `src`, `dst`, `smac` or `dmac`, or by several fields with one of them; a set and `add` take any field',
      });
    }
    if (time_ms === null) return missing(key.span, 'for how long?');
    const set = context.names.dynamicSet(blockSetName(fields));
    return set === undefined
      ? null
      : { set: set.place, fields: names, timeout_ms: time_ms, unless, blocks, otherwise: otherwise ?? 'drop' };
  }
  if (target === null || !fits(context, target, fields, key)) return null;
  return { set: target.place, fields: names, timeout_ms: time_ms ?? target.timeout_ms, unless, blocks, otherwise };
}

/** The set behind `to`. */
function targetOf(context: Context, node: ActionNode, missing: (span: Span, label: string) => null): DeclaredSet | null {
  const [, to, name] = node.arguments;
  if (to?.kind !== 'word' || to.text !== 'to') return missing(to?.span ?? node.span, '`to` belongs behind the field');
  if (name?.kind !== 'word' || name.times !== null) return missing(name?.span ?? to.span, 'to which set?');
  const set = context.names.dynamicSet(name.text);
  context.names.use(name.text);
  if (set !== undefined) return set;
  const defined = context.names.lookUp(name.text);
  if (defined === 'broken') return null;
  const fixed = defined !== undefined || context.names.fileSet(name.text) !== undefined;
  const reason = fixed ? 'is a list that does not change' : 'is not a set';
  const meant = fixed ? null : suggest(name.text, context.names.dynamicNames());
  return context.report('PKT2066', { name: name.text, reason }, name.span, fixed ? 'nothing can be added' : 'no such set', {
    help:
      meant === null ? `declare one that rules fill: \`set ${fixed ? 'seen' : name.text} : src size 64k timeout 10m\`` : null,
    fixes: meant === null ? [] : [didYouMean(name.span, meant)],
  });
}

function readGiven(context: Context, node: ActionNode, from: number): Given | null {
  let time_ms: number | null = null;
  let otherwise: Given['otherwise'] = null;
  let unless: Expression | null = null;
  const seen = new Set<string>();
  const list = node.arguments;
  for (let index = from; index < list.length; index += 1) {
    const argument = list[index] as ArgumentNode;
    const word = argument.kind === 'word' ? argument.text : argument.kind === 'guard' ? argument.word : '';
    if (!['for', 'else', 'unless'].includes(word)) return unexpected(context, node, argument);
    if (seen.has(word)) {
      const parameters = { action: node.name.text, parameter: word };
      return context.report('PKT2025', parameters, argument.span, 'given again', { help: 'delete one of them' });
    }
    seen.add(word);
    if (argument.kind === 'guard') {
      unless = resolveCondition(context, argument.condition);
      if (unless === null) return null;
      continue;
    }
    index += 1;
    const value = list[index];
    if (word === 'for') {
      if (value?.kind !== 'literal' && value?.kind !== 'word' && value?.kind !== 'string') {
        return valueMissing(context, node, argument, 'for 10m');
      }
      time_ms = readTime(context, value);
      if (time_ms === null) return null;
    } else {
      if (value?.kind !== 'word' || (value.text !== 'drop' && value.text !== 'pass')) {
        return valueMissing(context, node, argument, 'else drop');
      }
      otherwise = value.text;
    }
  }
  return { time_ms, otherwise, unless };
}

function valueMissing(context: Context, node: ActionNode, argument: ArgumentNode, example: string): null {
  const parameters = { action: node.name.text, parameter: textOf(context, argument.span) };
  const help = `write for example \`${node.name.text} ${node.name.text === 'add' ? 'src to seen' : 'src'} ${example}\``;
  return context.report('PKT2020', parameters, argument.span, 'a value belongs behind this', { help });
}

function unexpected(context: Context, node: ActionNode, argument: ArgumentNode): null {
  const { span } = argument;
  if (argument.kind === 'guard' || argument.kind === 'per') {
    const what = argument.kind === 'guard' ? `\`${argument.word}\` behind an action` : '`per` behind an action';
    return context.report('PKT2008', { what }, span, 'part of the language, but not of this version');
  }
  const meant = argument.kind === 'word' ? suggest(argument.text, ['for', 'else', 'unless']) : null;
  return context.report(
    'PKT2018',
    { action: node.name.text, argument: textOf(context, span) },
    span,
    'not part of this action',
    {
      help: meant === null ? `\`${node.name.text}\` knows \`for\`, \`else\` and \`unless\`` : null,
      fixes: meant === null ? [] : [didYouMean(span, meant)],
    },
  );
}
