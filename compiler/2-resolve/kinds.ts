import type { ValueType } from '../../grammar/fields/field.ts';
import { judgeUint, judgeUintRange } from '../../grammar/values/number.ts';
import { shapeOf } from '../../grammar/values/shape.ts';
import type { Compared, Resolved } from './compared.ts';
import type { Item } from './items.ts';
import type { NumberRange } from './program.ts';
import { unknownValue, wrongType } from './unknown-value.ts';
import { accept } from './value-problem.ts';

type Kinds = Extract<ValueType, { readonly kind: 'kinds' }>;

/** `tcp.option mss`, `ip6.ext { 43, 44 }`: numbers of 8 bits, any of which the packet has; `!=`: it has others only. */
export function resolveKinds(compared: Compared): Resolved {
  const { items, node, operator } = compared;
  const { names } = compared.field.type as Kinds;
  const ranges = items.list.map((item) => rangeOf(compared, names, item));
  if (ranges.includes(null)) return null;
  const kinds = new Set<number>();
  for (const range of ranges) if (range) for (let kind = range[0]; kind <= range[1]; kind += 1) kinds.add(kind);
  const sorted = [...kinds].sort((a, b) => a - b);
  return (field) => ({ kind: 'kinds', field, kinds: sorted, negated: operator === '!=', span: node.span });
}

function rangeOf(compared: Compared, names: Kinds['names'], item: Item): NumberRange | null {
  const { scalar } = item;
  if (scalar.kind === 'string') return wrongType(compared, item);
  if (scalar.kind === 'word') {
    const value = scalar.times === null && Object.hasOwn(names, scalar.text) ? names[scalar.text] : undefined;
    return value === undefined ? unknownValue(compared, item) : [value, value];
  }
  if (!['a number', 'a duration', 'a share', 'a value of another kind'].includes(shapeOf(scalar.text)))
    return wrongType(compared, item);
  if (scalar.to) return accept(compared.context, scalar, judgeUintRange(scalar.text, scalar.to.text, 8));
  const value = accept(compared.context, scalar, judgeUint(scalar.text, 8));
  return value === null ? null : [value, value];
}
