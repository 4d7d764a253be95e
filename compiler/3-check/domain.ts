import { fieldNamed } from '../../grammar/fields/index.ts';
import { complement, intersection } from '../../grammar/values/ranges.ts';
import type { BigRange, NumberRange, Predicate } from '../2-resolve/program.ts';
import { complement6 } from '../2-resolve/wide-ranges.ts';

/** What is known of one field of the packets that are still possible. */
export interface Domain {
  readonly presence: 'unknown' | 'present' | 'absent';
  /** Values of a number field. */
  readonly values: readonly NumberRange[];
  readonly v4: readonly NumberRange[];
  readonly v6: readonly BigRange[];
  /** Bits of a wide field that are fixed. */
  readonly mask: number;
  readonly bits: number;
  /** Predicates that are false: they narrow the values once the field is known to be present. */
  readonly refused: readonly Predicate[];
}

const V4_ALL: readonly NumberRange[] = [[0, 2 ** 32 - 1]];
const V6_ALL: readonly BigRange[] = [[0n, 2n ** 128n - 1n]];

/** Fields up to this width are judged value by value under a mask. */
const NARROW = 16;

export function widthOf(name: string): number {
  const type = fieldNamed(name)?.type;
  if (type?.kind === 'uint' || type?.kind === 'flags') return type.bits;
  return type?.kind === 'truth' ? 1 : 48;
}

/** Nothing known. Fields that the table says are never absent are present. */
export function unknownDomain(name: string): Domain {
  const presence = fieldNamed(name)?.absent === 'never' ? 'present' : 'unknown';
  return { presence, values: [[0, 2 ** widthOf(name) - 1]], v4: V4_ALL, v6: V6_ALL, mask: 0, bits: 0, refused: [] };
}

/** Bitwise and beyond 32 bits. */
function and(a: number, b: number): number {
  return Number(BigInt(a) & BigInt(b));
}

function isEmpty(domain: Domain, address: boolean): boolean {
  if (address) return domain.v4.length === 0 && domain.v6.length === 0;
  const [only, ...more] = domain.values;
  if (only === undefined) return true;
  return more.length === 0 && only[0] === only[1] && and(only[0], domain.mask) !== domain.bits;
}

/** The values of a narrow field that a test on its bits leaves. */
function thoseWith(width: number, test: (value: number) => boolean): readonly NumberRange[] {
  const ranges: [number, number][] = [];
  for (let value = 0; value < 2 ** width; value += 1) {
    if (!test(value)) continue;
    const tail = ranges.at(-1);
    if (tail && tail[1] === value - 1) tail[1] = value;
    else ranges.push([value, value]);
  }
  return ranges;
}

/** The values for which a predicate holds; null when they cannot be listed (a mask on a wide field). */
function valuesOf(predicate: Predicate): readonly NumberRange[] | null {
  const width = widthOf(predicate.field);
  const all: readonly NumberRange[] = [[0, 2 ** width - 1]];
  if (predicate.kind === 'in') return predicate.ranges;
  if (predicate.kind === 'present') return all;
  if ((predicate.kind !== 'bits' && predicate.kind !== 'some') || width > NARROW) return null;
  return predicate.kind === 'bits'
    ? thoseWith(width, (value) => (value & predicate.mask) === predicate.value)
    : thoseWith(width, (value) => (value & predicate.mask) !== 0);
}

function narrowed(domain: Domain, predicate: Predicate): Domain | null {
  if (predicate.kind === 'address') {
    const next = { ...domain, v4: intersection(domain.v4, predicate.v4), v6: intersection(domain.v6, predicate.v6) };
    return isEmpty(next, true) ? null : next;
  }
  if (predicate.kind === 'masked') return maskedIn(domain, predicate);
  const values = valuesOf(predicate);
  if (values === null) {
    if (predicate.kind !== 'bits') return domain;
    const common = and(domain.mask, predicate.mask);
    if (and(domain.bits, common) !== and(predicate.value, common)) return null;
    const join = (a: number, b: number): number => Number(BigInt(a) | BigInt(b));
    const next = { ...domain, mask: join(domain.mask, predicate.mask), bits: join(domain.bits, predicate.value) };
    return isEmpty(next, false) ? null : next;
  }
  const next = { ...domain, values: intersection(domain.values, values) };
  return isEmpty(next, false) ? null : next;
}

/** The addresses between the lowest and the highest that a mask with holes lets through. */
function maskedIn(
  domain: Domain,
  { family, mask, value, negated }: Extract<Predicate, { readonly kind: 'masked' }>,
): Domain | null {
  if (negated) return domain;
  const last = value | (((1n << (family === 4 ? 32n : 128n)) - 1n) ^ mask);
  const v4: readonly NumberRange[] = family === 4 ? [[Number(value), Number(last)]] : [];
  const v6: readonly BigRange[] = family === 6 ? [[value, last]] : [];
  const next = { ...domain, v4: intersection(domain.v4, v4), v6: intersection(domain.v6, v6) };
  return isEmpty(next, true) ? null : next;
}

/** Takes out of a present field what a false predicate holds for. What cannot be taken out stays: this errs towards possible. */
function without(domain: Domain, predicate: Predicate): Domain | null {
  if (predicate.kind === 'present') return null;
  if (predicate.kind === 'address') {
    const v4 = intersection(domain.v4, complement(predicate.v4, 0, 2 ** 32 - 1));
    const v6 = intersection(domain.v6, complement6(predicate.v6));
    const next = { ...domain, v4, v6 };
    return isEmpty(next, true) ? null : next;
  }
  const values = valuesOf(predicate);
  if (values === null) return withoutBits(domain, predicate);
  const rest = complement(values, 0, 2 ** widthOf(predicate.field) - 1);
  const next = { ...domain, values: intersection(domain.values, rest) };
  return isEmpty(next, false) ? null : next;
}

function withoutBits(domain: Domain, predicate: Predicate): Domain | null {
  if (predicate.kind !== 'bits' && predicate.kind !== 'some') return domain;
  const [only, ...more] = domain.values;
  const single = more.length === 0 && only !== undefined && only[0] === only[1];
  const fixed = and(domain.mask, predicate.mask) === predicate.mask;
  if (!single && !fixed) return domain;
  const bits = and(single ? only[0] : domain.bits, predicate.mask);
  return (predicate.kind === 'bits' ? bits === predicate.value : bits !== 0) ? null : domain;
}

/** The domain once a predicate is true, which takes a present field; null: impossible. */
export function accepting(domain: Domain, predicate: Predicate): Domain | null {
  if (domain.presence === 'absent') return null;
  let next: Domain | null = narrowed({ ...domain, presence: 'present' }, predicate);
  for (const refused of domain.refused) next = next && without(next, refused);
  return next;
}

/** The domain once a predicate is false: an absent field is enough for that. */
export function refusing(domain: Domain, predicate: Predicate): Domain | null {
  const noted = { ...domain, refused: [...domain.refused, predicate] };
  if (domain.presence === 'present') return without(noted, predicate);
  return predicate.kind === 'present' ? { ...noted, presence: 'absent' } : noted;
}
