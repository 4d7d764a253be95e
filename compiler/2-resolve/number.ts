import { BARE_WORDS } from '../../grammar/fields/bare.ts';
import type { Names, ValueType } from '../../grammar/fields/field.ts';
import { judgeUint, judgeUintRange } from '../../grammar/values/number.ts';
import { complement, merged } from '../../grammar/values/ranges.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import { both, type Compared, either, type Resolved, refuse } from './compared.ts';
import type { Item } from './items.ts';
import type { Expression, NumberRange } from './program.ts';
import { rangesInSets } from './set-values.ts';
import { unknownValue, wrongType } from './unknown-value.ts';
import { accept } from './value-problem.ts';

type Uint = Extract<ValueType, { readonly kind: 'uint' }>;

/** What an item stands for: ranges that hold whatever the packet is, or a name that depends on it. */
type Meaning = { readonly range: NumberRange } | { readonly dependent: string };

/** A number field: ranges, or a branch for each protocol that a name means something under. */
export function resolveNumber(compared: Compared): Resolved {
  const type = compared.field.type as Uint;
  const { operator } = compared;
  if (operator !== null && /[<>]/.test(operator)) return resolveOrder(compared, type, operator);
  const meanings = compared.items.list.map((item) => meaningOf(compared, type, item));
  if (meanings.includes(null)) return null;
  const known = meanings.filter((meaning) => meaning !== null);
  const written = known.flatMap((meaning) => ('range' in meaning ? [meaning.range] : []));
  const fixed = [...written, ...rangesInSets(compared, 'numbers')];
  const dependent = known.flatMap((meaning) => ('dependent' in meaning ? [meaning.dependent] : []));
  if (dependent.length === 0) return inRanges(compared, type, fixed);
  return byProtocol(compared, type, fixed, dependent);
}

function meaningOf(compared: Compared, type: Uint, item: Item): Meaning | null {
  const { scalar } = item;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'word') {
    const names = type.names ?? {};
    const value = scalar.times === null && Object.hasOwn(names, scalar.text) ? names[scalar.text] : undefined;
    if (value !== undefined) return { range: [value, value] };
    const depends = Object.values(type.namesUnder ?? {}).some((under) => Object.hasOwn(under, scalar.text));
    return depends && scalar.times === null ? { dependent: scalar.text } : unknownValue(compared, item);
  }
  const shape = shapeOf(scalar.text);
  if (type.closed || !['a number', 'a duration', 'a share', 'a value of another kind'].includes(shape))
    return wrongType(compared, item);
  if (scalar.to) {
    const range = accept(compared.context, scalar, judgeUintRange(scalar.text, scalar.to.text, type.bits));
    return range && { range };
  }
  const value = accept(compared.context, scalar, judgeUint(scalar.text, type.bits));
  return value === null ? null : { range: [value, value] };
}

/** The ranges themselves, or with `!=` all that they leave out of the field's bits. */
function rangesFor(compared: Compared, type: Uint, ranges: readonly NumberRange[]): readonly NumberRange[] {
  const canonical = merged(ranges);
  return compared.operator === '!=' ? complement(canonical, 0, 2 ** type.bits - 1) : canonical;
}

function inRanges(compared: Compared, type: Uint, list: readonly NumberRange[]): Resolved {
  const ranges = rangesFor(compared, type, list);
  const { span } = compared.node;
  return (field) => ({ kind: 'in', field, ranges, span });
}

/** `icmp.type echo-request` is `icmp` with 8 or `icmp6` with 128; beside `icmp` it is 8 alone. */
function byProtocol(compared: Compared, type: Uint, fixed: readonly NumberRange[], dependent: readonly string[]): Resolved {
  const { span } = compared.node;
  const all = Object.entries(type.namesUnder ?? {});
  const under = all.filter(([word]) => compared.around.under.has(word));
  // Where the word beside it knows none of the names, the full form stays: the checks see that it contradicts the word.
  const certain =
    under.length === 1 && under.some(([, names]) => dependent.some((name) => numberUnder(names, name).length > 0));
  return (field) => {
    const branches = (certain ? under : all).flatMap(([word, names]) => {
      const own = dependent.flatMap((name) => numberUnder(names, name));
      const ranges = rangesFor(compared, type, [...fixed, ...own]);
      // A name that this protocol does not have matches nothing there; beside the word itself that is for the checks to tell.
      if (ranges.length === 0 && !certain) return [];
      const compare: Expression = { kind: 'in', field, ranges, span };
      const facts = BARE_WORDS[word] ?? [];
      if (certain) return [compare];
      return [
        both([
          ...facts.map((fact): Expression => ({ kind: 'in', field: fact.field, ranges: [[fact.value, fact.value]], span })),
          compare,
        ]),
      ];
    });
    return either(branches);
  };
}

function numberUnder(names: Names, name: string): readonly NumberRange[] {
  const value = Object.hasOwn(names, name) ? names[name] : undefined;
  return value === undefined ? [] : [[value, value]];
}

function resolveOrder(compared: Compared, type: Uint, operator: string): Resolved {
  const { context, field, items, node } = compared;
  const [item] = items.list;
  const place = node.value?.span ?? node.span;
  if (items.braced || items.list.length !== 1 || item === undefined || (item.scalar.kind === 'literal' && item.scalar.to)) {
    refuse(context, operator, field, place, 'one number belongs here', 'a range is written `field first-last`');
    return null;
  }
  const meaning = meaningOf(compared, type, item);
  if (meaning === null) return null;
  if ('dependent' in meaning) {
    refuse(context, operator, field, place, 'a name that means a number in each protocol', 'write the number');
    return null;
  }
  const [value] = meaning.range;
  const highest = 2 ** type.bits - 1;
  const first = operator === '>' ? value + 1 : operator === '>=' ? value : 0;
  const last = operator === '<' ? value - 1 : operator === '<=' ? value : highest;
  const ranges: readonly NumberRange[] = first <= last ? [[first, last]] : [];
  return (name) => ({ kind: 'in', field: name, ranges, span: node.span });
}
