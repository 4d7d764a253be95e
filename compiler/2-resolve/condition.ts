import type { CallNode, Condition } from '../../grammar/ast.ts';
import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import { FIELDS, fieldNamed } from '../../grammar/fields/index.ts';
import { LATER_FIELDS } from '../../grammar/fields/later.ts';
import type { Span } from '../../grammar/source.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { both, either, INNER, type Surroundings } from './compared.ts';
import { resolveComparison } from './comparison.ts';
import { type Context, didYouMean, replacing, textOf } from './context.ts';
import type { Expression } from './program.ts';
import { isRawBase } from './slice.ts';
import { resolveTuple } from './tuple.ts';
import { unknownField } from './unknown-field.ts';

/** Standalone words that some field's names depend on. */
const TELLING: ReadonlySet<string> = new Set(
  FIELDS.flatMap((field) => (field.type.kind === 'uint' ? Object.keys(field.type.namesUnder ?? {}) : [])),
);

export const ALONE: Surroundings = { under: new Set(), alone: true, inside: false };

/** What a condition asks of a packet; null when any part of it is wrong, and every such part has been told. */
export function resolveCondition(context: Context, condition: Condition, around: Surroundings = ALONE): Expression | null {
  switch (condition.kind) {
    case 'group':
      return resolveCondition(context, condition.of, { ...around, alone: true });
    case 'not': {
      const of = resolveCondition(context, condition.of, { ...around, alone: false });
      return of && { kind: 'not', of };
    }
    case 'and': {
      warnOfNot(context, condition.of);
      const beside = { ...around, under: new Set([...around.under, ...condition.of.flatMap(tellingWord)]), alone: true };
      return join(
        condition.of.map((part) => resolveCondition(context, part, beside)),
        'and',
      );
    }
    case 'or':
      return join(
        condition.of.map((part) => resolveCondition(context, part, { ...around, alone: false })),
        'or',
      );
    case 'bare':
      return resolveBare(condition.word.text, condition.span);
    case 'compare':
      return resolveComparison(context, condition, around);
    case 'tuple':
      return resolveTuple(context, condition, around);
    case 'call':
      return resolveCall(context, condition, around);
  }
}

/** `inner( … )`; the functions over time come with a later version. */
function resolveCall(context: Context, call: CallNode, around: Surroundings): Expression | null {
  const { name } = call;
  if (name.text === INNER) return resolveInner(context, call, around);
  if (Object.hasOwn(LATER_FIELDS, name.text)) {
    const what = `\`${name.text}( … )\``;
    return context.report('PKT2008', { what }, name.span, 'part of the language, but not of this version');
  }
  const field = fieldNamed(name.text) !== undefined || Object.hasOwn(BARE_WORDS, name.text) || isRawBase(name.text);
  if (!field && suggest(name.text, [INNER]) !== null) {
    return context.report('PKT2001', { name: name.text }, name.span, 'takes no parentheses', {
      fixes: [didYouMean(name.span, INNER)],
    });
  }
  if (!field) return unknownField(context, name, true);
  return context.report('PKT2041', { name: name.text }, name.span, 'no packet is inside this', {
    help: 'parentheses behind a name belong to `inner( … )` alone; write `and` before a condition in parentheses',
  });
}

/** What holds for the packet in a tunnel. One level: nothing is looked at in a tunnel within a tunnel. */
function resolveInner(context: Context, call: CallNode, around: Surroundings): Expression | null {
  const { name, argument, operator, span } = call;
  if (around.inside) {
    return context.report('PKT2035', {}, name.span, 'a tunnel in a tunnel', {
      help: 'one level of tunnels is looked into; `inner(proto gre)` asks whether the packet in the tunnel is a tunnel itself',
    });
  }
  if (operator) {
    return context.report('PKT2006', { operator: operator.text, field: INNER }, operator.span, 'a condition has no value', {
      help: 'write what is asked of the packet in the tunnel within the parentheses: `inner(tcp dport 22)`',
    });
  }
  const of = resolveCondition(context, argument, { under: new Set(), alone: true, inside: true });
  return of && { kind: 'inner', of, span };
}

/** What tcpdump lets a protocol qualify: `tcp port 22` is one primitive there. */
const QUALIFIED: ReadonlySet<string> = new Set(['src', 'dst', 'addr', 'sport', 'dport', 'port']);

/** `not tcp port 22`: tcpdump reads it as `not (tcp port 22)`. With `and` between the two nobody can be mistaken. */
function warnOfNot(context: Context, parts: readonly Condition[]): void {
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1];
    if (part.kind !== 'not' || part.of.kind !== 'bare' || next?.kind !== 'compare' || !QUALIFIED.has(next.field.text)) continue;
    const between = { start: part.span.end, end: next.span.start };
    if (/\band\b/.test(textOf(context, between))) continue;
    const [word, rest] = [part.of.word.text, textOf(context, next.span)];
    const open = { start: part.of.span.start, end: part.of.span.start };
    const close = { start: next.span.end, end: next.span.end };
    context.report('PKT2046', { word }, part.span, 'tcpdump negates what follows too', {
      fixes: [
        replacing(between, ' and ', `write \`not ${word} and ${rest}\` to negate \`${word}\` alone`),
        {
          title: `write \`not (${word} ${rest})\` to negate both`,
          edits: [
            { span: open, text: '(' },
            { span: close, text: ')' },
          ],
        },
      ],
    });
  }
}

function tellingWord(condition: Condition): readonly string[] {
  return condition.kind === 'bare' && TELLING.has(condition.word.text) ? [condition.word.text] : [];
}

/** Parts of the same kind are taken in, so that `(a b) c` is one `and`. */
function join(parts: readonly (Expression | null)[], kind: 'and' | 'or'): Expression | null {
  const of: Expression[] = [];
  for (const part of parts) {
    if (part === null) return null;
    if (part.kind === kind) for (const inner of part.of) of.push(inner);
    else of.push(part);
  }
  return kind === 'and' ? both(of) : either(of);
}

/** `any` is the empty `and`. */
function resolveBare(word: string, span: Span): Expression {
  const facts = BARE_WORDS[word] ?? [];
  return both(facts.map((fact) => ({ kind: 'in', field: fact.field, ranges: [[fact.value, fact.value]], span })));
}
