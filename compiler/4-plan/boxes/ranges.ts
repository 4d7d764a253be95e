/** Lists of ranges, sorted and disjoint, and IPv6 ranges as prefixes. */
import type { BigRange, NumberRange } from '../../2-resolve/program.ts';

/** An IPv6 prefix: four words, most significant first, and its length. */
export interface Prefix6 {
  readonly words: readonly [number, number, number, number];
  readonly length: number;
}

export const ANY_PREFIX6: Prefix6 = { words: [0, 0, 0, 0], length: 0 };

const V6_BITS = 128;
const V6_MAX = (1n << 128n) - 1n;
const WORD = 0xffffffffn;

/** What lies in both lists. */
export function intersectRanges<T extends number | bigint>(
  a: readonly (readonly [T, T])[],
  b: readonly (readonly [T, T])[],
): readonly (readonly [T, T])[] {
  const both: (readonly [T, T])[] = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    const [x, y] = [a[i] as readonly [T, T], b[j] as readonly [T, T]];
    // Math.max and Math.min take no bigint.
    const [first] = x[0] > y[0] ? x : y;
    const [, last] = x[1] < y[1] ? x : y;
    if (first <= last) both.push([first, last]);
    if (x[1] < y[1]) i++;
    else j++;
  }
  return both;
}

/** What lies in no range, from 0 to `max`. */
export function complementNumbers(ranges: readonly NumberRange[], max: number): readonly NumberRange[] {
  const outside: NumberRange[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) outside.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= max) outside.push([next, max]);
  return outside;
}

export function complement6(ranges: readonly BigRange[]): readonly BigRange[] {
  const outside: BigRange[] = [];
  let next = 0n;
  for (const [first, last] of ranges) {
    if (first > next) outside.push([next, first - 1n]);
    next = last + 1n;
  }
  if (next <= V6_MAX) outside.push([next, V6_MAX]);
  return outside;
}

/** The fewest prefixes that make up the ranges; null: more than `limit`. */
export function prefixes6(ranges: readonly BigRange[], limit: number): readonly Prefix6[] | null {
  const prefixes: Prefix6[] = [];
  for (const [first, last] of ranges) {
    for (let at = first; at <= last; ) {
      if (prefixes.length === limit) return null;
      const bits = widthAt(at, last);
      prefixes.push({ words: wordsOf(at), length: V6_BITS - bits });
      at += 1n << BigInt(bits);
    }
  }
  return prefixes;
}

/** Bits of the largest aligned block that begins at `first` and ends at `last` or before. */
function widthAt(first: bigint, last: bigint): number {
  const span = last - first + 1n;
  const fits = bitLength(span) - 1;
  if (first === 0n) return fits;
  return Math.min(fits, bitLength(first & -first) - 1);
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return 4 * (digits.length - 1) + (32 - Math.clz32(Number.parseInt(digits[0] ?? '0', 16)));
}

function wordsOf(address: bigint): readonly [number, number, number, number] {
  return [Number(address >> 96n), Number((address >> 64n) & WORD), Number((address >> 32n) & WORD), Number(address & WORD)];
}
