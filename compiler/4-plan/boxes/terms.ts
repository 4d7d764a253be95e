/**
 * A rule's condition as a disjunction of terms. A term accepts some values of each dimension, present or absent, and has
 * conditions besides that no box can carry.
 */
import type { BigRange, Expression, NumberRange, Predicate } from '../../2-resolve/program.ts';
import { type Dimensions, fitsScalar, SCALAR_MAX } from './dimensions.ts';
import { isAlwaysThere, tellsZero } from './presence.ts';
import { complement6, complementNumbers, intersectRanges } from './ranges.ts';

const V4_MAX = 2 ** 32 - 1;

/** Terms of one rule; a condition of more is asked as a whole. */
const TERMS_MAX = 16;

/** Values of an address that a term accepts; null: any. */
export interface AddressAccept {
  readonly v4: readonly NumberRange[] | null;
  readonly v6: readonly BigRange[] | null;
  readonly absent: boolean;
  /** The conditions that say so. */
  readonly from: readonly Expression[];
}

/** Where no bit of the key says whether the field is there, `absent` is whether 0 is among the values. */
export interface ScalarAccept {
  readonly ranges: readonly NumberRange[];
  readonly absent: boolean;
  readonly from: readonly Expression[];
}

/** `(bits & mask) == value`. */
export interface BitsTest {
  readonly mask: number;
  readonly value: number;
}

export interface Term {
  readonly src: AddressAccept | null;
  readonly dst: AddressAccept | null;
  /** By place in the shape; undefined: any value, or none. */
  readonly scalars: readonly (ScalarAccept | undefined)[];
  /** One of these holds; null: any. */
  readonly bits: readonly BitsTest[] | null;
  /** What has to hold besides. */
  readonly rest: readonly Expression[];
}

const EMPTY: Term = { src: null, dst: null, scalars: [], bits: null, rest: [] };

/** null: more terms than are worth it. An empty list: the condition never holds. */
export function termsOf(expression: Expression, dimensions: Dimensions): readonly Term[] | null {
  return expand(expression, false, dimensions);
}

function expand(expression: Expression, negated: boolean, dimensions: Dimensions): readonly Term[] | null {
  switch (expression.kind) {
    case 'not':
      return expand(expression.of, !negated, dimensions);
    case 'and':
    case 'or':
      return (expression.kind === 'and') === negated
        ? anyOf(expression.of, negated, dimensions)
        : allOf(expression.of, negated, dimensions);
    case 'inner':
      return [restTerm(expression, negated)];
    default:
      return [predicateTerm(expression, negated, dimensions)];
  }
}

function anyOf(of: readonly Expression[], negated: boolean, dimensions: Dimensions): readonly Term[] | null {
  const terms: Term[] = [];
  for (const part of of) {
    const more = expand(part, negated, dimensions);
    if (more === null || terms.length + more.length > TERMS_MAX) return null;
    terms.push(...more);
  }
  return terms;
}

function allOf(of: readonly Expression[], negated: boolean, dimensions: Dimensions): readonly Term[] | null {
  let terms: readonly Term[] = [EMPTY];
  for (const part of of) {
    const more = expand(part, negated, dimensions);
    if (more === null || terms.length * more.length > TERMS_MAX) return null;
    const both: Term[] = [];
    for (const one of terms) for (const other of more) both.push(joined(one, other));
    terms = both;
  }
  return terms;
}

function restTerm(expression: Expression, negated: boolean): Term {
  return { ...EMPTY, rest: [negated ? { kind: 'not', of: expression } : expression] };
}

function predicateTerm(predicate: Predicate, negated: boolean, dimensions: Dimensions): Term {
  const from: readonly Expression[] = [negated ? { kind: 'not', of: predicate } : predicate];
  const rest: Term = { ...EMPTY, rest: from };
  if (predicate.field === 'src' || predicate.field === 'dst') {
    const accept = addressAccept(predicate, negated, from);
    return accept === null ? rest : { ...EMPTY, [predicate.field]: accept };
  }
  const known = dimensions.presence.has(predicate.field);
  if (tellsZero(predicate) && !known && !isAlwaysThere(predicate.field)) return rest;
  const scalar = dimensions.scalars.get(predicate.field);
  if (scalar !== undefined) return scalarTerm(predicate, scalar, negated, dimensions, from) ?? rest;
  if (predicate.kind === 'present') {
    if (isAlwaysThere(predicate.field)) return negated ? { ...EMPTY, bits: [] } : EMPTY;
    return known ? { ...EMPTY, bits: [presenceTest(predicate.field, !negated, dimensions)] } : rest;
  }
  if (predicate.field === dimensions.bits && (predicate.kind === 'bits' || predicate.kind === 'some')) {
    return { ...EMPTY, bits: flagsTests(predicate, negated, dimensions) };
  }
  return rest;
}

function addressAccept(predicate: Predicate, negated: boolean, from: readonly Expression[]): AddressAccept | null {
  if (predicate.kind === 'present') {
    return negated ? { v4: [], v6: [], absent: true, from } : { v4: null, v6: null, absent: false, from };
  }
  if (predicate.kind !== 'address') return null;
  return negated
    ? { v4: complementNumbers(predicate.v4, V4_MAX), v6: complement6(predicate.v6), absent: true, from }
    : { v4: predicate.v4, v6: predicate.v6, absent: false, from };
}

/** null: the key does not tell. */
function scalarTerm(
  predicate: Predicate,
  index: number,
  negated: boolean,
  { shape, fieldMax, presence }: Dimensions,
  from: readonly Expression[],
): Term | null {
  const { field } = predicate;
  const max = shape.scalars[index]?.max ?? SCALAR_MAX;
  const ranges = predicate.kind === 'present' ? [[0, max] as const] : predicate.kind === 'in' ? predicate.ranges : null;
  if (ranges === null) return null;
  if (predicate.kind === 'present' && !presence.has(field) && !isAlwaysThere(field)) return null;
  if (predicate.kind === 'in' && !fitsScalar(predicate, fieldMax.get(field) ?? 0)) return null;
  const within = ranges.map(([first, last]): NumberRange => [first, Math.min(last, max)]);
  const scalars: (ScalarAccept | undefined)[] = [];
  scalars[index] = { ranges: negated ? complementNumbers(within, max) : within, absent: negated, from };
  return { ...EMPTY, scalars };
}

function presenceTest(field: string, there: boolean, { presence }: Dimensions): BitsTest {
  const bit = presence.get(field) ?? 0;
  return { mask: bit, value: there ? bit : 0 };
}

/** Flags that are not there are 0. Every test that some flag be set, or that the flags be there, names their presence, too. */
function flagsTests(
  predicate: Extract<Predicate, { kind: 'bits' | 'some' }>,
  negated: boolean,
  dimensions: Dimensions,
): readonly BitsTest[] {
  const there = presenceTest(predicate.field, true, dimensions);
  const tests = valueTests(predicate, negated).map(({ mask, value }): BitsTest => {
    if (negated && value === 0) return { mask, value };
    return { mask: mask | there.mask, value: value | there.value };
  });
  if (!negated || tests.some(({ value }) => value === 0)) return tests;
  return [presenceTest(predicate.field, false, dimensions), ...tests];
}

/** `some` holds when one of the bits is set, and `(bits & mask) != value` when one of them differs. */
function valueTests(predicate: Extract<Predicate, { kind: 'bits' | 'some' }>, negated: boolean): readonly BitsTest[] {
  const { mask } = predicate;
  const value = predicate.kind === 'some' ? 0 : predicate.value;
  const differs = (predicate.kind === 'some') !== negated;
  if (!differs) return (value & ~mask) === 0 ? [{ mask, value }] : [];
  if ((value & ~mask) !== 0) return [{ mask: 0, value: 0 }];
  const tests: BitsTest[] = [];
  for (let bit = 1; bit <= mask; bit *= 2) {
    if ((mask & bit) !== 0) tests.push({ mask: bit, value: bit & ~value });
  }
  return tests;
}

function joined(one: Term, other: Term): Term {
  return {
    src: joinedAddress(one.src, other.src),
    dst: joinedAddress(one.dst, other.dst),
    scalars: joinedScalars(one.scalars, other.scalars),
    bits: joinedBits(one.bits, other.bits),
    rest: other.rest.length === 0 ? one.rest : [...one.rest, ...other.rest],
  };
}

function joinedAddress(one: AddressAccept | null, other: AddressAccept | null): AddressAccept | null {
  if (one === null || other === null) return one ?? other;
  return {
    v4: one.v4 === null || other.v4 === null ? (one.v4 ?? other.v4) : intersectRanges(one.v4, other.v4),
    v6: one.v6 === null || other.v6 === null ? (one.v6 ?? other.v6) : intersectRanges(one.v6, other.v6),
    absent: one.absent && other.absent,
    from: [...one.from, ...other.from],
  };
}

function joinedScalars(one: Term['scalars'], other: Term['scalars']): Term['scalars'] {
  if (other.length === 0) return one;
  const scalars = [...one];
  other.forEach((accept, index) => {
    const before = scalars[index];
    if (accept === undefined) return;
    scalars[index] =
      before === undefined
        ? accept
        : {
            ranges: intersectRanges(before.ranges, accept.ranges),
            absent: before.absent && accept.absent,
            from: [...before.from, ...accept.from],
          };
  });
  return scalars;
}

function joinedBits(one: Term['bits'], other: Term['bits']): Term['bits'] {
  if (one === null || other === null) return one ?? other;
  return one.flatMap((a) =>
    other.flatMap((b) =>
      ((a.value ^ b.value) & a.mask & b.mask) === 0 ? [{ mask: a.mask | b.mask, value: a.value | b.value }] : [],
    ),
  );
}
