/** Ranges of IPv6 addresses as words, of which those that somebody looks at become BigInts. */
import type { BigRange, WideRanges } from './program.ts';

/** Of an address, 32 bits each. */
export const ADDRESS_WORDS = 4;
/** Of a range: the first address and the last one. */
export const RANGE_WORDS = 2 * ADDRESS_WORDS;

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
