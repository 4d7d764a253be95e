/** Ranges of IPv6 addresses as words, of which those that somebody looks at become BigInts. */
import { complement } from '../../grammar/values/ranges.ts';
import type { BigRange, NumberRange, WideRanges } from './program.ts';

/** Of an address, 32 bits each. */
export const ADDRESS_WORDS = 4;
/** Of a range: the first address and the last one. */
export const RANGE_WORDS = 2 * ADDRESS_WORDS;

export const V6_LAST = 2n ** 128n - 1n;

/** Which of two 32-bit words is the more significant half of the 64-bit number that they make on this machine. */
export const HIGH = new Uint32Array(new BigUint64Array([1n]).buffer)[0] === 1 ? 1 : 0;

/** Shorter lists are made at once: a range that is made when it is asked for takes longer. */
const LAZY_MIN = 1024;

/**
 * The ranges as an array, with the words for those who can do without BigInts. Each BigInt is an object, and a pair of them another:
 * a million of them take longer than to read the file, and most of a long list nobody looks at but for its words. So a long list
 * makes a range when it is first asked for it. It is a proxy of an array since all who have ranges take arrays of them, and short
 * lists are.
 */
export function wideRanges(words: Uint32Array): WideRanges {
  const rangeAt = createReader(words);
  const count = words.length / RANGE_WORDS;
  const ranges = new Array<BigRange | undefined>(count);
  Object.defineProperty(ranges, 'words', { value: words });
  const make = (key: string | symbol): void => {
    const index = typeof key === 'string' ? Number(key) : -1;
    if (Number.isInteger(index) && index >= 0 && index < count) ranges[index] ??= rangeAt(index);
  };
  const makeAll = (): void => {
    for (let index = 0; index < count; index++) ranges[index] ??= rangeAt(index);
  };
  if (count < LAZY_MIN) makeAll();
  // What is in it is a range by the time that anybody sees it.
  const seen = ranges as WideRanges;
  if (count < LAZY_MIN) return seen;
  return new Proxy(seen, {
    get: (target, key) => {
      make(key);
      return Reflect.get(target, key);
    },
    has: (target, key) => {
      make(key);
      return Reflect.has(target, key);
    },
    getOwnPropertyDescriptor: (target, key) => {
      make(key);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    ownKeys: (target) => {
      makeAll();
      return Reflect.ownKeys(target);
    },
  });
}

/** A function that makes the BigInts of a range, as few as there can be. */
function createReader(words: Uint32Array): (range: number) => BigRange {
  const halves = new BigUint64Array(RANGE_WORDS / 2);
  const parts = new Uint32Array(halves.buffer);
  return (range) => {
    const at = RANGE_WORDS * range;
    for (let word = 0; word < RANGE_WORDS; word += 2) {
      parts[word + HIGH] = words[at + word] ?? 0;
      parts[word + 1 - HIGH] = words[at + word + 1] ?? 0;
    }
    const first = ((halves[0] ?? 0n) << 64n) | (halves[1] ?? 0n);
    if (halves[0] === halves[2] && halves[1] === halves[3]) return [first, first];
    return [first, ((halves[2] ?? 0n) << 64n) | (halves[3] ?? 0n)];
  };
}

/** All addresses that canonical ranges leave out. */
export function complement6(ranges: WideRanges): WideRanges {
  if (ranges.words === undefined) return complement(ranges, 0n, V6_LAST);
  const { words } = ranges;
  // The same bounds, each moved by one, between the first address of all and the last one.
  const rest = new Uint32Array(words.length + RANGE_WORDS).fill(0xffff_ffff);
  rest.fill(0, 0, ADDRESS_WORDS);
  rest.set(words, ADDRESS_WORDS);
  let from = 0;
  let to = rest.length;
  for (let at = ADDRESS_WORDS; at < words.length; at += RANGE_WORDS) {
    if (decrement(rest, at)) from = RANGE_WORDS;
    if (increment(rest, at + ADDRESS_WORDS)) to -= RANGE_WORDS;
  }
  return wideRanges(rest.subarray(from, to));
}

/** Adds one to a 128-bit number; true: it was the largest. */
export function increment(words: Uint32Array, at: number): boolean {
  for (let word = at + ADDRESS_WORDS - 1; word >= at; word--) {
    const sum = ((words[word] ?? 0) + 1) >>> 0;
    words[word] = sum;
    if (sum !== 0) return false;
  }
  return true;
}

/** Takes one from a 128-bit number; true: it was 0. */
function decrement(words: Uint32Array, at: number): boolean {
  for (let word = at + ADDRESS_WORDS - 1; word >= at; word--) {
    const had = words[word] ?? 0;
    words[word] = had - 1;
    if (had !== 0) return false;
  }
  return true;
}

/** Ranges of either kind. */
export type AnyRanges = readonly (NumberRange | BigRange)[] & { readonly words?: Uint32Array };

/** Whether two lists have the same ranges. */
export function equalRanges(one: AnyRanges, other: AnyRanges): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  if (one.words !== undefined && other.words !== undefined) return equalWords(one.words, other.words);
  return one.every(([first, last], index) => first === other[index]?.[0] && last === other[index]?.[1]);
}

function equalWords(one: Uint32Array, other: Uint32Array): boolean {
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** Eight words a range, the highest first; not to be written to. */
export function wordsOf(ranges: WideRanges): Uint32Array {
  if (ranges.words !== undefined) return ranges.words;
  const words = new Uint32Array(RANGE_WORDS * ranges.length);
  const halves = new BigUint64Array(2);
  const parts = new Uint32Array(halves.buffer);
  let at = 0;
  for (const range of ranges) {
    for (const bound of range) {
      halves[0] = bound >> 64n;
      halves[1] = bound;
      for (let half = 0; half < ADDRESS_WORDS; half += 2) {
        words[at++] = parts[half + HIGH] ?? 0;
        words[at++] = parts[half + 1 - HIGH] ?? 0;
      }
    }
  }
  return words;
}
