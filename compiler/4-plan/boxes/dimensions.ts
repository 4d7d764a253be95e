/** Which fields of a program become dimensions of its trees: those that rules ask for most, of values that a key can hold. */
import type { Field } from '../../../grammar/fields/field.ts';
import { FIELDS } from '../../../grammar/fields/index.ts';
import type { Predicate, Program } from '../../2-resolve/program.ts';
import type { Target } from '../../targets/target.ts';
import { predicatesOf } from '../long-lists.ts';
import { ruleKinds } from '../rule-kinds.ts';
import { slotName } from '../slots.ts';
import { SCALARS_MAX, type Scalar, type TreeShape } from '../tree/box-set.ts';

/** Largest value of a scalar. A field that is wider takes part with values below it, and with ranges that have no upper end. */
export const SCALAR_MAX = 0xffff;

export interface Dimensions {
  readonly shape: TreeShape;
  /** Place in `shape.scalars` by the name of the field. */
  readonly scalars: ReadonlyMap<string, number>;
  /** Largest value of the field itself, by the name of the field. */
  readonly fieldMax: ReadonlyMap<string, number>;
  readonly bits: string | null;
  /** Whether rules compare the packet's addresses. */
  readonly src: boolean;
  readonly dst: boolean;
}

export function dimensionsOf(program: Program, target: Target, { kinds } = ruleKinds(program.rules)): Dimensions {
  const uses = new Map<string, number>();
  let [src, dst] = [false, false];
  for (const { rule, count } of kinds) {
    for (const predicate of predicatesOf(rule.condition)) {
      if (predicate.kind === 'address') {
        src ||= predicate.field === 'src';
        dst ||= predicate.field === 'dst';
      } else if (predicate.kind === 'in' || predicate.kind === 'bits' || predicate.kind === 'some') {
        uses.set(predicate.field, (uses.get(predicate.field) ?? 0) + count);
      }
    }
  }
  const asked = FIELDS.filter((field) => uses.has(field.name) && target.constants[field.name] === undefined);
  const scalars = mostUsed(asked.filter(isScalar), uses).map(scalarOf);
  // Widest first, so that records have no holes; within a width the order of the table.
  scalars.sort((a, b) => b.bytes - a.bytes);
  const flags = asked.find(({ type, read }) => type.kind === 'flags' && isKept(read.kind)) ?? null;
  return {
    shape: { scalars, bits: flags === null ? null : { ...scalarOf(flags) } },
    scalars: new Map(scalars.map(({ field }, index) => [field, index])),
    fieldMax: new Map(asked.filter(isScalar).map((field) => [field.name, maxOf(field)])),
    bits: flags?.name ?? null,
    src,
    dst,
  };
}

function isKept(read: Field['read']['kind']): boolean {
  return read === 'header' || read === 'fact' || read === 'context';
}

function isScalar({ type, read }: Field): boolean {
  return type.kind === 'uint' && type.bits <= 32 && isKept(read.kind);
}

function mostUsed(fields: readonly Field[], uses: ReadonlyMap<string, number>): readonly Field[] {
  const count = (field: Field) => uses.get(field.name) ?? 0;
  const chosen = new Set([...fields].sort((a, b) => count(b) - count(a)).slice(0, SCALARS_MAX));
  return fields.filter((field) => chosen.has(field));
}

function maxOf({ type }: Field): number {
  return type.kind === 'uint' || type.kind === 'flags' ? 2 ** type.bits - 1 : 0;
}

function scalarOf(field: Field): Scalar {
  const max = Math.min(maxOf(field), SCALAR_MAX);
  return { field: field.name, slot: slotName(field.name), bytes: max > 0xff ? 2 : 1, max };
}

/** Whether the ranges say in a scalar exactly what they say of the field. */
export function fitsScalar({ ranges }: Extract<Predicate, { kind: 'in' }>, fieldMax: number): boolean {
  if (fieldMax <= SCALAR_MAX) return true;
  return ranges.every(([first, last]) => first <= SCALAR_MAX && (last < SCALAR_MAX || last === fieldMax));
}
