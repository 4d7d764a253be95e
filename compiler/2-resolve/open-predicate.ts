/** Predicates whose values are the literals of a rule: which ranges come of which numbers. */
import { fieldNamed } from '../../grammar/fields/index.ts';
import { complement, merged } from '../../grammar/values/ranges.ts';
import type { Hole } from '../1-parse/shape.ts';
import { V4_LAST } from './address.ts';
import type { BigRange, NumberRange, Predicate } from './program.ts';
import { equalRanges, V6_LAST } from './wide-ranges.ts';

/** What stands between the field and its values. */
export type Way = 'is' | 'is not' | '<' | '<=' | '>' | '>=';

const WAYS: readonly Way[] = ['is', 'is not', '<', '<=', '>', '>='];

export interface OpenPredicate {
  readonly kind: 'address' | 'in';
  readonly field: string;
  readonly way: Way;
  readonly holes: readonly Hole[];
  /** The highest value that the field has; 0 for addresses. */
  readonly highest: number;
}

interface Ranges {
  readonly v4: readonly NumberRange[];
  readonly v6: readonly BigRange[];
  readonly numbers: readonly NumberRange[];
}

/** How the ranges of all samples come of their literals; null: in none of these ways. */
export function explained(
  holes: readonly Hole[],
  samples: readonly Predicate[],
  values: readonly Float64Array[],
  ways: readonly Way[] = WAYS,
): OpenPredicate | null {
  const [first] = samples;
  if (first?.kind !== 'in' && first?.kind !== 'address') return null;
  const { kind, field } = first;
  const type = fieldNamed(field)?.type;
  if (samples.some((sample) => sample.kind !== kind || sample.field !== field)) return null;
  if (kind === 'in' && type?.kind !== 'uint') return null;
  if (holes.some((hole) => (hole.kind === 'number' || hole.kind === 'numbers') !== (kind === 'in'))) return null;
  const highest = type?.kind === 'uint' ? 2 ** type.bits - 1 : 0;
  for (const way of ways) {
    const open: OpenPredicate = { kind, field, way, holes, highest };
    const fits = samples.every((sample, index) => {
      const ranges = rangesOf(open, values[index] ?? new Float64Array(), 0);
      if (sample.kind === 'in') return equalRanges(sample.ranges, ranges.numbers);
      return sample.kind === 'address' && equalRanges(sample.v4, ranges.v4) && equalRanges(sample.v6, ranges.v6);
    });
    if (fits) return open;
  }
  return null;
}

const NONE: readonly never[] = Object.freeze([]);

/** @param at where the values of the rule begin */
export function rangesOf(open: OpenPredicate, values: Float64Array, at: number): Ranges {
  const numbers = numbersOf(open.holes, values, at);
  if (open.kind === 'in') return { v4: NONE, v6: NONE, numbers: inTheWay(open, numbers) };
  const six = open.holes.some(({ kind }) => kind === 'ip6') ? merged(wideOf(open.holes, values, at)) : NONE;
  if (open.way === 'is') return { v4: numbers, v6: six, numbers: NONE };
  return { v4: complement(numbers, 0, V4_LAST), v6: complement(six, 0n, V6_LAST), numbers: NONE };
}

function numbersOf(holes: readonly Hole[], values: Float64Array, at: number): readonly NumberRange[] {
  const [only] = holes;
  if (holes.length === 1 && only !== undefined) {
    return only.kind === 'ip6' ? NONE : [[values[at + only.value] ?? 0, values[at + only.value + 1] ?? 0]];
  }
  const list: NumberRange[] = [];
  for (const { kind, value } of holes) if (kind !== 'ip6') list.push([values[at + value] ?? 0, values[at + value + 1] ?? 0]);
  return merged(list);
}

function wideOf(holes: readonly Hole[], values: Float64Array, at: number): readonly BigRange[] {
  const list: BigRange[] = [];
  for (const { kind, value } of holes) {
    if (kind !== 'ip6') continue;
    let first = 0n;
    for (let word = 0; word < 4; word += 1) first = (first << 32n) | BigInt(values[at + value + word] ?? 0);
    const host = BigInt(128 - (values[at + value + 4] ?? 0));
    list.push([first, first + (1n << host) - 1n]);
  }
  return list;
}

/** As `resolveNumber` takes them. */
function inTheWay({ way, highest, holes }: OpenPredicate, numbers: readonly NumberRange[]): readonly NumberRange[] {
  if (way === 'is') return numbers;
  if (way === 'is not') return complement(numbers, 0, highest);
  const value = numbers[0]?.[0] ?? 0;
  const single = holes.length === 1 && holes[0]?.kind === 'number';
  const first = way === '>' ? value + 1 : way === '>=' ? value : 0;
  const last = way === '<' ? value - 1 : way === '<=' ? value : highest;
  return single && first <= last ? [[first, last]] : NONE;
}

/** Whether the literals of a rule are values that its fields can have; what to say otherwise is for `resolveNumber` to know. */
export function inBounds(open: readonly OpenPredicate[], values: Float64Array, at: number): boolean {
  for (const { kind, holes, highest } of open) {
    if (kind === 'address') continue;
    for (const { value } of holes) if ((values[at + value + 1] ?? 0) > highest) return false;
  }
  return true;
}
