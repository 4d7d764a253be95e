/** Which fields of a program become dimensions of its trees: those that rules ask for most, of values that a key can hold. */
import type { Field } from '../../../grammar/fields/field.ts';
import { FIELDS } from '../../../grammar/fields/index.ts';
import type { Expression, Predicate, Program } from '../../2-resolve/program.ts';
import type { Target } from '../../targets/target.ts';
import { ruleKinds } from '../rule-kinds.ts';
import { isBehindAddresses, slotName } from '../slots.ts';
import { SCALARS_MAX, type Scalar, type TreeShape } from '../tree/box-set.ts';
import { bitsFor, countAsked, nothingAsked } from './presence.ts';

/** Largest value of a scalar. A field that is wider takes part with values below it, and with ranges that have no upper end. */
export const SCALAR_MAX = 0xffff;

export interface Dimensions {
  readonly shape: TreeShape;
  /** Place in `shape.scalars` by the name of the field. */
  readonly scalars: ReadonlyMap<string, number>;
  /** Largest value of the field itself, by the name of the field. */
  readonly fieldMax: ReadonlyMap<string, number>;
  /** The field of flags. */
  readonly bits: string | null;
  /** Bit of the key that says whether the field is there, by its name. */
  readonly presence: ReadonlyMap<string, number>;
  /** Whether rules compare the packet's addresses. */
  readonly src: boolean;
  readonly dst: boolean;
  readonly behind: BehindAddresses;
}

/** Of fields that no packet has whose addresses are missing, or cut off: places in `shape.scalars`, and bits of the key. */
export interface BehindAddresses {
  readonly scalars: readonly number[];
  readonly bits: number;
}

export function dimensionsOf(program: Program, target: Target, { kinds } = ruleKinds(program.rules)): Dimensions {
  const uses = new Map<string, number>();
  const counted = nothingAsked();
  let [src, dst] = [false, false];
  for (const { rule, count } of kinds) {
    forPredicates(rule.condition, (predicate) => {
      if (predicate.kind === 'address' || predicate.kind === 'present') {
        src ||= predicate.field === 'src';
        dst ||= predicate.field === 'dst';
      } else if (predicate.kind === 'in' || predicate.kind === 'bits' || predicate.kind === 'some') {
        uses.set(predicate.field, (uses.get(predicate.field) ?? 0) + count);
      }
      countAsked(predicate, counted, count);
    });
  }
  const asked = FIELDS.filter((field) => uses.has(field.name) && target.constants[field.name] === undefined);
  const scalars = mostUsed(asked.filter(isScalar), uses).map(scalarOf);
  // Widest first, so that records have no holes; within a width the order of the table.
  scalars.sort((a, b) => b.bytes - a.bytes);
  const flags = asked.find(({ type, read }) => type.kind === 'flags' && isKept(read.kind)) ?? null;
  const bits = bitsFor(counted, scalars, flags);
  return {
    shape: { scalars, bits },
    scalars: new Map(scalars.map(({ field }, index) => [field, index])),
    fieldMax: new Map(asked.filter(isScalar).map((field) => [field.name, maxOf(field)])),
    bits: flags?.name ?? null,
    presence: new Map((bits?.presence ?? []).map(({ field, bit }) => [field, bit])),
    src,
    dst,
    behind: behindAddresses(scalars, bits),
  };
}

function behindAddresses(scalars: readonly Scalar[], bits: TreeShape['bits']): BehindAddresses {
  const presence = bits?.presence ?? [];
  const there = presence.reduce((mask, { field, bit }) => (isBehindAddresses(field) ? mask | bit : mask), 0);
  const flags =
    bits?.flags && isBehindAddresses(bits.flags.field) ? presence.reduce((mask, { bit }) => mask & ~bit, bits.max) : 0;
  return { scalars: [...scalars.keys()].filter((at) => isBehindAddresses(scalars[at]?.field ?? '')), bits: there | flags };
}

/** What is asked of the packet itself: of the one in a tunnel, trees know nothing. */
function forPredicates(expression: Expression, visit: (predicate: Predicate) => void): void {
  switch (expression.kind) {
    case 'and':
    case 'or':
      for (const part of expression.of) forPredicates(part, visit);
      return;
    case 'not':
      forPredicates(expression.of, visit);
      return;
    case 'inner':
      return;
    default:
      visit(expression);
  }
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
