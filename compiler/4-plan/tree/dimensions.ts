/** Boxes as a range in each dimension of the key, first and last values in arrays of 32-bit words. */
import { type Bits, type BoxSet, boxesOf, type TreeShape } from './box-set.ts';
import { KEY_SCALARS } from './record-layout.ts';

export interface Dimension {
  /** Its word in the key. */
  readonly at: number;
  /** Least significant words of the first and last value of each box; the most significant ones are zeroes where a word is enough. */
  readonly first: Uint32Array;
  readonly last: Uint32Array;
  readonly firstHigh: Uint32Array;
  readonly lastHigh: Uint32Array;
  /** Largest value, least and most significant word. */
  readonly max: number;
  readonly maxHigh: number;
}

/** A bit that is set where a range leaves 0 out, or one of the flags is set. */
export interface Implied {
  readonly bit: number;
  /** A place in `ranges`; -1: none. */
  readonly range: number;
  readonly flags: number;
}

export interface BitsDimension {
  readonly at: number;
  readonly mask: Uint16Array;
  readonly value: Uint16Array;
  readonly implied: readonly Implied[];
}

export interface Dimensions {
  readonly ranges: readonly Dimension[];
  readonly bits: BitsDimension | null;
  /** First bits of the source and the destination that a box leaves no choice in; at most 64. */
  readonly srcFixed: Uint8Array;
  readonly dstFixed: Uint8Array;
}

export function dimensionsOf(set: BoxSet, shape: TreeShape): Dimensions {
  const zeroes = new Uint32Array(set.count);
  const six = set.family === 6;
  const src = six ? halves(set.src, set.srcLength, 0) : [whole(set.src, 0, zeroes)];
  const dst = six ? halves(set.dst, set.dstLength, 2) : [whole(set.dst, 2, zeroes)];
  const scalars = shape.scalars.map(({ max }, scalar) => ({
    ...apart(set.scalars[scalar] ?? new Uint16Array(2 * set.count), zeroes),
    at: KEY_SCALARS + scalar,
    max,
    maxHigh: 0,
  }));
  const at = KEY_SCALARS + shape.scalars.length;
  const implied = shape.bits === null ? [] : impliedBits(shape.bits, src.length + dst.length);
  return {
    ranges: [...src, ...dst, ...scalars],
    bits: shape.bits === null ? null : { at, mask: set.bitsMask, value: set.bitsValue, implied },
    srcFixed: six ? set.srcLength.map((length) => Math.min(length, 64)) : fixedBits(set.src, set.count),
    dstFixed: six ? set.dstLength.map((length) => Math.min(length, 64)) : fixedBits(set.dst, set.count),
  };
}

/** The same; what `ahead` boxes at the beginning and `behind` at the end have in each dimension is what it was `before`. */
export function dimensionsAgain(set: BoxSet, shape: TreeShape, before: Dimensions, ahead: number, behind: number): Dimensions {
  const between = dimensionsOf(boxesOf(set, ahead, set.count - behind), shape);
  const zeroes = new Uint32Array(set.count);
  const joined = <A extends Uint32Array | Uint8Array>(old: A, fresh: A, into: A): A => {
    into.set(old.subarray(0, ahead));
    into.set(fresh, ahead);
    into.set(old.subarray(old.length - behind), set.count - behind);
    return into;
  };
  const words = (old: Uint32Array, fresh: Uint32Array) => joined(old, fresh, new Uint32Array(set.count));
  const ranges = between.ranges.map((range, at): Dimension => {
    const { first, last, firstHigh, lastHigh } = before.ranges[at] ?? range;
    const high =
      range.maxHigh === 0
        ? { firstHigh: zeroes, lastHigh: zeroes }
        : { firstHigh: words(firstHigh, range.firstHigh), lastHigh: words(lastHigh, range.lastHigh) };
    return { ...range, first: words(first, range.first), last: words(last, range.last), ...high };
  });
  return {
    ranges,
    bits: between.bits && { ...between.bits, mask: set.bitsMask, value: set.bitsValue },
    srcFixed: joined(before.srcFixed, between.srcFixed, new Uint8Array(set.count)),
    dstFixed: joined(before.dstFixed, between.dstFixed, new Uint8Array(set.count)),
  };
}

/** @param first place of the first scalar in the ranges */
function impliedBits({ presence, max }: Bits, first: number): readonly Implied[] {
  const flags = presence.reduce((rest, { bit }) => rest & ~bit, max);
  return presence.flatMap(({ bit, of }): readonly Implied[] => {
    if (of === null) return [];
    return [of === 'flags' ? { bit, range: -1, flags } : { bit, range: first + of, flags: 0 }];
  });
}

/** Pairs, taken apart. */
function apart(pairs: Uint32Array | Uint16Array, zeroes: Uint32Array) {
  const count = zeroes.length;
  const first = new Uint32Array(count);
  const last = new Uint32Array(count);
  for (let box = 0; box < count; box++) {
    first[box] = pairs[2 * box] ?? 0;
    last[box] = pairs[2 * box + 1] ?? 0;
  }
  return { first, last, firstHigh: zeroes, lastHigh: zeroes };
}

function whole(addresses: Uint32Array, at: number, zeroes: Uint32Array): Dimension {
  return { ...apart(addresses, zeroes), at, max: 0xffff_ffff, maxHigh: 0 };
}

/** An IPv6 prefix: a range in each half of the address. */
function halves(addresses: Uint32Array, length: Uint8Array, at: number): readonly Dimension[] {
  const words = [0, 1, 2, 3].map((word) => {
    const first = new Uint32Array(length.length);
    const last = new Uint32Array(length.length);
    for (let box = 0; box < length.length; box++) {
      const host = hostBits((length[box] ?? 0) - 32 * word);
      const value = addresses[4 * box + word] ?? 0;
      first[box] = value & ~host;
      last[box] = value | host;
    }
    return { first, last };
  });
  const none = new Uint32Array(length.length);
  return [0, 1].map((half) => {
    const high = words[2 * half] ?? { first: none, last: none };
    const low = words[2 * half + 1] ?? { first: none, last: none };
    const bounds = { first: low.first, last: low.last, firstHigh: high.first, lastHigh: high.last };
    return { ...bounds, at: at + half, max: 0xffff_ffff, maxHigh: 0xffff_ffff };
  });
}

/** What a prefix of `length` bits leaves open in a word. */
export function hostBits(length: number): number {
  return length <= 0 ? 0xffff_ffff : length >= 32 ? 0 : 0xffff_ffff >>> length;
}

function fixedBits(pairs: Uint32Array, count: number): Uint8Array {
  const fixed = new Uint8Array(count);
  for (let box = 0; box < count; box++) fixed[box] = Math.clz32((pairs[2 * box] ?? 0) ^ (pairs[2 * box + 1] ?? 0));
  return fixed;
}
